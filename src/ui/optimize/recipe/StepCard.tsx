/** One step of a recipe: what it is, what it achieved, its values on demand, and switching, moving and removing it. */
import { ActionIcon, Button, Checkbox } from '@mantine/core';
import type { KeyboardEvent } from 'react';
import type { Clash } from '#core/effects';
import { passById } from '#core/passes/index';
import { removeStep, setStepValue, switchStep } from '#stores/recipes';
import type { DraftStep, ModelNode } from '#stores/state';
import { Notice } from '#ui/kit/Feedback.tsx';
import { DownIcon, TrashIcon, UpIcon } from '#ui/kit/icons.tsx';
import { whenNumbersFit } from '#ui/kit/numbers-fit.ts';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import styles from '#ui/optimize/recipe/recipe.module.css';
import { type Before, StepFigures, StepTable } from '#ui/optimize/recipe/StepResult.tsx';
import { describeValues } from '#ui/param-form/describe.ts';
import { type Named, ParamForm } from '#ui/param-form/ParamForm.tsx';
import { NeedsData } from '#ui/predictor/NeedsData.tsx';
import type { StepOutcome } from '#worker/protocol';

interface CardProps {
  readonly at: number;
  readonly last: boolean;
  readonly draft: DraftStep;
  readonly state: 'done' | 'off' | 'waiting' | 'running' | 'failed' | 'unknown';
  readonly outcome: StepOutcome | null;
  readonly before: Before;
  /** How the step's training goes on. */
  readonly note: string | undefined;
  readonly layers: readonly string[];
  readonly predictors: readonly Named[];
  /** What its place in the recipe speaks against; of a step that has run its outcome tells. */
  readonly clash: Clash | null;
  /** The model that it would be run on, where that has no images and the step looks at some. */
  readonly blind: ModelNode | null;
  /** It names a model that is not there. */
  readonly isMissing: boolean;
  readonly isOpen: boolean;
  readonly disabled: boolean;
  /** From this step on. */
  readonly canRun: boolean;
  readonly onToggle: () => void;
  readonly onMove: (to: number) => void;
  readonly onRun: () => void;
}

export function StepCard(props: CardProps) {
  const { at, last, draft, state, outcome, before, note, isOpen, disabled, onToggle, onMove } = props;
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const { id, step } = draft;
  const pass = passById(step.pass);
  const title = pass ? words(pass.words.title) : t('recipe.unknown', { pass: step.pass });
  const name = t('recipe.step', { number: at + 1, title });
  // What cannot run is not said to.
  const isTold = state !== 'done' && !(state === 'waiting' && props.blind);
  const keys = (event: KeyboardEvent) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!by || !event.altKey || disabled) return;
    event.preventDefault();
    onMove(at + by);
  };
  const move = (to: number, label: 'up' | 'down') => (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="sm"
      aria-label={t(`recipe.${label}`, { step: name })}
      disabled={disabled || (label === 'up' ? at === 0 : last)}
      onClick={() => onMove(to)}
    >
      {label === 'up' ? <UpIcon size={16} /> : <DownIcon size={16} />}
    </ActionIcon>
  );
  return (
    <li className={styles.step} data-state={state}>
      <div className={styles.head}>
        <Checkbox
          size="xs"
          className={styles.switch}
          aria-label={t('recipe.on', { step: name })}
          checked={!step.off}
          disabled={disabled}
          onChange={() => switchStep(at)}
        />
        <button
          id={id}
          type="button"
          className={styles.name}
          aria-expanded={isOpen}
          aria-controls={`${id}-body`}
          aria-keyshortcuts="Alt+ArrowUp Alt+ArrowDown"
          onClick={onToggle}
          onKeyDown={keys}
        >
          <span className={styles.title}>{name}</span>
          <span className={styles.quiet}>
            {[...describeValues(step, words, format), ...(isTold ? [t(`recipe.state.${state}`)] : [])].join(' · ')}
          </span>
        </button>
        <span className={styles.tools}>
          {move(at - 1, 'up')}
          {move(at + 1, 'down')}
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={t('recipe.remove', { step: name })}
            disabled={disabled}
            onClick={() => removeStep(at)}
          >
            <TrashIcon size={16} />
          </ActionIcon>
        </span>
      </div>
      {note && <p className={styles.quiet}>{note}</p>}
      {outcome && !isOpen && <StepFigures outcome={outcome} before={before} />}
      {props.clash && <Notice level={props.clash.refused ? 'error' : 'info'} text={words(props.clash.words)} />}
      {!pass && <Notice level="error" text={t('recipe.unknownHelp')} />}
      {props.blind && (
        <NeedsData node={props.blind} text={t('optimize.needsData')} none="recipe.noneFits">
          <Button size="xs" variant="default" disabled={disabled} onClick={() => switchStep(at)}>
            {t('recipe.switchOff', { number: at + 1 })}
          </Button>
        </NeedsData>
      )}
      {props.isMissing && <Notice level="error" text={t('recipe.gone')} />}
      {isOpen && pass && (
        <fieldset id={`${id}-body`} className={styles.body}>
          <legend className="w-hidden">{t('recipe.edit', { step: name })}</legend>
          {outcome && <StepTable outcome={outcome} before={before} />}
          <ParamForm
            params={pass.params}
            values={step.values}
            layers={props.layers}
            predictors={props.predictors}
            disabled={disabled}
            onChange={(key, value) => setStepValue(at, key, value)}
            onRest={() => undefined}
          />
          <div>
            <Button
              size="xs"
              variant="default"
              disabled={disabled || step.off === true || !props.canRun}
              onClick={whenNumbersFit(props.onRun)}
            >
              {t('recipe.runHere')}
            </Button>
          </div>
        </fieldset>
      )}
    </li>
  );
}
