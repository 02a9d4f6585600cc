/** The model's whole recipe: where it starts, its steps with what each achieved, editing, running it again, taking it along. */
import { Button } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useStore } from 'zustand';
import { clashes } from '#core/effects';
import { passById } from '#core/passes/index';
import { draftOf, isUnchanged, keptSteps, type Line, lineOf, missingModels, runOf, START } from '#stores/lineage';
import { optimize } from '#stores/optimize';
import { bringBack, hasLeft, project, select } from '#stores/project';
import { addStep, cancelRun, moveStep, recipes, resetDraft, runFrom } from '#stores/recipes';
import type { Draft, ModelNode } from '#stores/state';
import { timesLess } from '#ui/kit/changes.ts';
import { Notice, ProgressLine } from '#ui/kit/Feedback.tsx';
import { Actions, Foot, Help, Text } from '#ui/kit/Layout.tsx';
import { whenNumbersFit } from '#ui/kit/numbers-fit.ts';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import { MethodPicker } from '#ui/optimize/MethodPicker.tsx';
import { useRunNote } from '#ui/optimize/MethodView.tsx';
import { lacksImages } from '#ui/optimize/method-facts.ts';
import { Offer } from '#ui/optimize/recipe/Offer.tsx';
import own from '#ui/optimize/recipe/recipe.module.css';
import { Share } from '#ui/optimize/recipe/Share.tsx';
import { StepCard } from '#ui/optimize/recipe/StepCard.tsx';
import { StepFigures } from '#ui/optimize/recipe/StepResult.tsx';
import { isReady, layersBefore, standing } from '#ui/optimize/recipe/standing.ts';

export function RecipeView({ node }: { node: ModelNode }) {
  const t = useText();
  const nodes = useStore(project, (state) => state.nodes);
  const drafts = useStore(recipes, (state) => state.drafts);
  const made = useStore(recipes, (state) => state.made);
  const line = useMemo(() => lineOf(nodes, node.id), [nodes, node.id]);
  if (!line) return null;
  const draft = drafts[node.id] ?? draftOf(line);
  const start = nodes[draft.start] ?? line.start;
  const same = made?.same && nodes[made.same]?.name;
  return (
    <>
      <Offer node={node} />
      <Text>{t('recipe.intro')}</Text>
      {made?.node === node.id && (
        <Notice
          level="info"
          text={t('recipe.made', { name: node.name })}
          hint={same && t('recipe.same', { name: same })}
        />
      )}
      <div className={own.list}>
        <Start start={start} />
        <Steps key={node.id} node={node} line={line} draft={draft} />
        {line.steps.length > 1 && isUnchanged(line, draft) && <InAll start={line.start} node={node} />}
      </div>
      {draft.steps.length === 0 && (
        <div>
          <p className={own.title}>{t('recipe.empty')}</p>
          <Help>{t('recipe.emptyHelp')}</Help>
        </div>
      )}
      <Adding />
      <Share draft={draft} name={node.name} />
      <RunFoot node={node} line={line} draft={draft} />
    </>
  );
}

function Start({ start }: { start: ModelNode }) {
  const t = useText();
  const format = useFormat();
  const { summary, validation, name, id } = start;
  const isHere = useStore(project, ({ order }) => order.includes(id));
  const isRemoved = useStore(project, (state) => hasLeft(state, id));
  return (
    <div className={own.start}>
      <span className={own.quiet}>{t('recipe.start')}</span>
      {isHere ? (
        <button type="button" className={own.startName} onClick={() => select(id)}>
          {name}
        </button>
      ) : (
        <span className={own.startName}>{isRemoved ? t('recipe.removed', { name }) : name}</span>
      )}
      <span className={own.quiet}>
        {[
          `${format.count(summary.parameters)} ${t('unit.parameters')}`,
          format.bytes(summary.bytes),
          ...(validation ? [`${t('recipe.rows.validation')} ${format.percent(validation.value)}`] : []),
        ].join(' · ')}
      </span>
      {isRemoved && (
        <Button size="compact-xs" variant="default" onClick={() => bringBack(id)}>
          {t('recipe.bringBack')}
        </Button>
      )}
    </div>
  );
}

/** From the start to the model, all steps together. */
function InAll({ start, node }: { start: ModelNode; node: ModelNode }) {
  const t = useText();
  const format = useFormat();
  const ratio = timesLess(start.summary.bytes / node.summary.bytes, format);
  const outcome = {
    before: start.summary,
    after: node.summary,
    bytes: node.summary.bytes,
    validation: node.validation,
  };
  return (
    <div className={own.total}>
      <p className={own.title}>
        {t('recipe.inAll')}
        {ratio && <span className={own.quiet}> {t('models.smaller', { ratio })}</span>}
      </p>
      <StepFigures outcome={outcome} before={{ bytes: start.summary.bytes, validation: start.validation }} />
    </div>
  );
}

function Steps({ node, line, draft }: { node: ModelNode; line: Line; draft: Draft }) {
  const t = useText();
  const { nodes, order } = useStore(project);
  const { running: anyRun, fault } = useStore(recipes);
  const isApplying = useStore(optimize, (state) => state.applying !== null);
  const [open, setOpen] = useState<string | null>(null);
  const running = anyRun?.node === node.id ? anyRun : null;
  const note = useRunNote(running?.done ?? 0, running?.train ?? null);
  const kept = keptSteps(line, draft);
  const predictors = [
    { id: '', name: t('recipe.asItIs') },
    { id: START, name: t('recipe.atStart') },
    ...order.flatMap((id) => (id !== draft.start && nodes[id] ? [{ id, name: nodes[id].name }] : [])),
  ];
  const move = (from: number, to: number) => {
    const id = draft.steps[from]?.id;
    moveStep(from, to);
    // Moving a row takes the focus from it.
    if (id) requestAnimationFrame(() => document.getElementById(id)?.focus());
  };
  const start = nodes[draft.start] ?? line.start;
  const against = useMemo(
    () =>
      clashes(
        start.summary.layers,
        draft.steps.map(({ step }) => (step.off ? null : (passById(step.pass) ?? null))),
      ),
    [start, draft],
  );
  const looking = runOf(nodes, line, draft, kept)?.node ?? start;
  let { bytes } = start.summary;
  let { validation } = start;
  return (
    <ol className={own.steps}>
      {draft.steps.map((one, at) => {
        const { state, outcome } = standing(at, one.step.off === true, kept, line, { running, fault });
        const before = { bytes, validation };
        if (outcome) ({ bytes, validation } = outcome);
        const pass = passById(one.step.pass);
        const isBlind = pass !== undefined && !one.step.off && lacksImages(pass, looking);
        return (
          <StepCard
            key={one.id}
            at={at}
            last={at === draft.steps.length - 1}
            draft={one}
            state={state}
            outcome={outcome}
            before={before}
            note={state === 'running' ? note : undefined}
            layers={layersBefore(at, start, line, one.step.values['layers'])}
            predictors={predictors}
            clash={state === 'done' ? null : (against[at] ?? null)}
            blind={isBlind ? looking : null}
            isMissing={missingModels(nodes, one.step).length > 0}
            isOpen={open === one.id}
            disabled={anyRun !== null || isApplying}
            canRun={isReady(nodes, draft, runOf(nodes, line, draft, at))}
            onToggle={() => setOpen(open === one.id ? null : one.id)}
            onMove={(to) => move(at, to)}
            onRun={() => void runFrom(at)}
          />
        );
      })}
    </ol>
  );
}

function Adding() {
  const t = useText();
  const isBusy = useStore(recipes, (state) => state.running !== null);
  return <MethodPicker label={t('recipe.add')} value="" disabled={isBusy} onChange={addStep} />;
}

/** Stays in sight: what a run would do, how far it is, and what went wrong. */
function RunFoot({ node, line, draft }: { node: ModelNode; line: Line; draft: Draft }) {
  const t = useText();
  const words = useWords();
  const nodes = useStore(project, (state) => state.nodes);
  const { running, fault } = useStore(recipes);
  const isApplying = useStore(optimize, (state) => state.applying !== null);
  const isOriginal = isUnchanged(line, draft);
  const wanted = isOriginal ? 0 : keptSteps(line, draft);
  const run = runOf(nodes, line, draft, wanted);
  const runs = draft.steps.slice(run?.from ?? 0).filter(({ step }) => !step.off);
  const number = draft.steps.findIndex(({ step }, at) => at >= (run?.from ?? 0) && !step.off) + 1;
  // Steps from elsewhere, laid out to be run on this model, have not run yet.
  const hasRun = line.steps.length > 0 && draft.start === line.start.id;
  if (draft.steps.length === 0 && isOriginal) return null;
  const step = running?.node === node.id ? draft.steps[running.step] : undefined;
  const pass = step && passById(step.step.pass);
  return (
    <Foot>
      {fault && !running && <Notice level="error" text={words(fault.words)} hint={fault.hint && words(fault.hint)} />}
      {running && (
        <ProgressLine
          label={t('recipe.running', {
            number: running.step + 1,
            count: draft.steps.length,
            title: pass ? words(pass.words.title) : '',
          })}
          done={running.done}
        />
      )}
      {runs.length === 0 && !running && <Help>{t('recipe.nothingToRun')}</Help>}
      <Actions>
        {running ? (
          <Button variant="default" onClick={cancelRun}>
            {t('recipe.cancel')}
          </Button>
        ) : (
          <>
            <Button
              variant={isOriginal ? 'default' : 'filled'}
              disabled={!isReady(nodes, draft, run) || isApplying}
              onClick={whenNumbersFit(() => void runFrom(wanted))}
            >
              {isOriginal || number === 1
                ? t(hasRun ? 'recipe.runAll' : 'recipe.runFirst')
                : t('recipe.run', { number })}
            </Button>
            {!isOriginal && (
              <Button variant="default" onClick={resetDraft}>
                {t('recipe.reset')}
              </Button>
            )}
          </>
        )}
      </Actions>
    </Foot>
  );
}
