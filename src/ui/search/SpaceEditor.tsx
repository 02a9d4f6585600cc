/** The space of a search: a card for each thing that may change, with its range or its values. */
import { ActionIcon, Checkbox, TextInput } from '@mantine/core';
import type { Dimension, ListDimension, RangeDimension, Setting, Target } from '#core/search/space';
import { addDimension, isGivenOut, removeDimension, setDimension } from '#stores/search-setup';
import { boundsOf, targetsFor } from '#stores/search-space';
import type { SearchDraft } from '#stores/search-state';
import { NumberField, SelectField } from '#ui/kit/Fields.tsx';
import { CloseIcon } from '#ui/kit/icons.tsx';
import { Help, Section } from '#ui/kit/Layout.tsx';
import { useDraft } from '#ui/kit/use-draft.ts';
import { useText } from '#ui/kit/words.ts';
import { optionsOf, paramOf, useNames } from '#ui/search/names.ts';
import styles from '#ui/search/search.module.css';

interface SpaceProps {
  readonly mode: 'network' | 'recipe';
  readonly draft: SearchDraft;
}

export function SpaceEditor({ mode, draft }: SpaceProps) {
  const t = useText();
  const { name } = useNames(draft.steps);
  const { dimensions, steps, strategy } = draft;
  // Halving decides by itself how long each candidate is trained.
  const open = targetsFor(mode, steps, dimensions).filter(
    (target) => strategy !== 'halving' || !isGivenOut(mode, steps, target),
  );
  const groupOf = (target: Target) =>
    t(target.of === 'training' ? 'search.ofTraining' : target.of === 'network' ? 'search.ofNetwork' : 'search.methods');
  return (
    <Section heading={t('search.space')}>
      {dimensions.length === 0 && <Help>{t('search.emptySpace')}</Help>}
      {dimensions.map((dimension, at) => (
        <DimensionCard
          key={JSON.stringify(dimension.target)}
          dimension={dimension}
          draft={draft}
          onChange={(next) => setDimension(mode, at, next)}
          onRemove={() => removeDimension(mode, at)}
        />
      ))}
      {open.length > 0 && (
        <SelectField
          label={t('search.addDimension')}
          value=""
          choices={[
            { value: '', label: t('search.choose') },
            ...open.map((target, at) => ({ value: String(at), label: name(target), group: groupOf(target) })),
          ]}
          onChange={(at) => {
            const target = at === '' ? undefined : open[Number(at)];
            if (target) addDimension(mode, target);
          }}
        />
      )}
    </Section>
  );
}

interface CardProps {
  readonly dimension: Dimension;
  readonly draft: SearchDraft;
  readonly onChange: (dimension: Dimension) => void;
  readonly onRemove: () => void;
}

function DimensionCard({ dimension, draft, onChange, onRemove }: CardProps) {
  const t = useText();
  const names = useNames(draft.steps);
  const name = names.name(dimension.target);
  return (
    <fieldset className={styles.dimension}>
      <legend className={styles.dimensionName}>{name}</legend>
      <ActionIcon
        className={styles.removeDimension as string}
        variant="subtle"
        color="gray"
        size="sm"
        aria-label={t('search.remove', { name })}
        onClick={onRemove}
      >
        <CloseIcon size={14} />
      </ActionIcon>
      {dimension.kind === 'range' ? (
        <RangeFields dimension={dimension} draft={draft} onChange={onChange} />
      ) : (
        <ListFields dimension={dimension} draft={draft} name={name} show={names.value} onChange={onChange} />
      )}
      {dimension.target.of === 'network' && dimension.target.key === 'width' && <Help>{t('search.widthHelp')}</Help>}
    </fieldset>
  );
}

function RangeFields({
  dimension,
  draft,
  onChange,
}: {
  dimension: RangeDimension;
  draft: SearchDraft;
  onChange: (dimension: Dimension) => void;
}) {
  const t = useText();
  const { min, max } = boundsOf(dimension.target, draft.steps);
  const param = paramOf(dimension.target, draft.steps);
  // Shares are written as people read them.
  const isPercent = param?.kind === 'number' && param.unit === 'percent';
  const shown = (value: number) => (isPercent ? Number((value * 100).toPrecision(12)) : value);
  const meant = (value: number) => (isPercent ? Number((value / 100).toPrecision(12)) : value);
  const unit = isPercent ? ' (%)' : param?.kind === 'number' && param.unit === 'kB' ? ' (kB)' : '';
  const step = dimension.step > 0 && Number.isInteger(dimension.step) ? 1 : 'any';
  // On a logarithm there is no 0.
  const least = dimension.log ? Math.max(min, 1e-9) : min;
  return (
    <>
      <div className={styles.range}>
        <NumberField
          label={`${t('search.from')}${unit}`}
          value={shown(dimension.low)}
          min={shown(least)}
          max={shown(dimension.high)}
          step={step}
          onChange={(low) => onChange({ ...dimension, low: meant(low) })}
        />
        <NumberField
          label={`${t('search.to')}${unit}`}
          value={shown(dimension.high)}
          min={shown(dimension.low)}
          max={shown(max)}
          step={step}
          onChange={(high) => onChange({ ...dimension, high: meant(high) })}
        />
        {draft.strategy === 'grid' && (
          <NumberField
            label={t('search.levels')}
            value={dimension.levels}
            min={1}
            max={50}
            onChange={(levels) => onChange({ ...dimension, levels })}
          />
        )}
      </div>
      {dimension.low > 0 && (
        <Checkbox
          size="xs"
          label={t('search.log')}
          checked={dimension.log}
          onChange={(event) => onChange({ ...dimension, log: event.currentTarget.checked })}
        />
      )}
    </>
  );
}

function ListFields({
  dimension,
  draft,
  name,
  show,
  onChange,
}: {
  dimension: ListDimension;
  draft: SearchDraft;
  name: string;
  show: (target: Target, value: Setting) => string;
  onChange: (dimension: Dimension) => void;
}) {
  const t = useText();
  const { target, values } = dimension;
  const options = optionsOf(target, draft.steps);
  if (!options) {
    const { min, max } = boundsOf(target, draft.steps);
    return (
      <NumberList
        name={name}
        values={values}
        min={min}
        max={max}
        onChange={(next) => onChange({ ...dimension, values: next })}
      />
    );
  }
  return (
    <fieldset className={styles.options} aria-label={t('search.values', { name })}>
      {options.map((option) => (
        <Checkbox
          key={String(option)}
          size="xs"
          label={show(target, option)}
          checked={values.includes(option)}
          // One has to stay.
          disabled={values.length === 1 && values.includes(option)}
          onChange={(event) => {
            const isOn = event.currentTarget.checked;
            onChange({ ...dimension, values: options.filter((one) => (one === option ? isOn : values.includes(one))) });
          }}
        />
      ))}
    </fieldset>
  );
}

/** Numbers with commas between. */
function NumberList({
  name,
  values,
  min,
  max,
  onChange,
}: {
  name: string;
  values: readonly Setting[];
  min: number;
  max: number;
  onChange: (values: readonly number[]) => void;
}) {
  const t = useText();
  const read = (of: string): readonly number[] | null => {
    const numbers = of
      .split(/[,，;\s]+/)
      .filter((part) => part !== '')
      .map(Number);
    const isGood = numbers.length > 0 && numbers.every((one) => Number.isFinite(one) && one >= min && one <= max);
    return isGood ? [...new Set(numbers)] : null;
  };
  const write = (of: readonly Setting[]): string => of.join(', ');
  const { isWrong, field } = useDraft({ value: values as readonly number[], read, write, onChange });
  return (
    <TextInput
      size="sm"
      aria-label={t('search.values', { name })}
      description={t('search.valuesHelp')}
      inputWrapperOrder={['input', 'error', 'description']}
      inputMode="decimal"
      {...field}
      error={isWrong ? t('frame.notInRange', { min, max }) : undefined}
    />
  );
}
