/**
 * Parallel coordinates: an axis for each dimension and one for accuracy, a line for each candidate. Lines are drawn in
 * pieces with percentages across, so that the drawing is as wide as its panel without being measured.
 */
import { memo } from 'react';
import type { RecipeStep } from '#core/recipe';
import type { Dimension, Target } from '#core/search/space';
import type { Trial } from '#core/search/trials';
import { useFormat, useText } from '#ui/kit/words.ts';
import { shareOf, useNames } from '#ui/search/names.ts';
import styles from '#ui/search/search.module.css';

interface ChartProps {
  readonly dimensions: readonly Dimension[];
  readonly steps: readonly RecipeStep[];
  readonly trials: readonly Trial[];
  readonly best: number | null;
  readonly chosen: number | null;
  readonly onChoose: (candidate: number | null) => void;
}

/** Only its range is looked at. */
const WIDTH: Target = { of: 'network', key: 'width' };
const HEIGHT = 190;
const TOP = 14;
const BOTTOM = HEIGHT - 14;
/** Categories of an axis that are written beside it. */
const NAMED = 6;

const across = (axis: number, axes: number): string => `${((axis + 0.5) / axes) * 100}%`;
const down = (share: number): number => BOTTOM - share * (BOTTOM - TOP);

export const ParallelChart = memo(function ParallelChart(props: ChartProps) {
  const { dimensions, steps, trials, best, chosen, onChoose } = props;
  const t = useText();
  const format = useFormat();
  const names = useNames(steps);
  const scored = trials.flatMap((trial) => (trial.score ? [{ trial, accuracy: trial.score.mean }] : []));
  if (scored.length === 0) return null;
  const accuracies = scored.map(({ accuracy }) => accuracy);
  const [low, high] = [Math.min(...accuracies), Math.max(...accuracies)];
  // Where candidates cost differently, what they cost stands before what they are worth.
  const costs = scored.map(({ trial }) => trial.cost?.parameters ?? 0);
  const [least, most] = [Math.min(...costs), Math.max(...costs)];
  const hasCost = least > 0 && most > least;
  const costAxis: Dimension = { kind: 'range', target: WIDTH, low: least, high: most, log: true, step: 0, levels: 2 };
  const axes = dimensions.length + (hasCost ? 2 : 1);
  const shareOfAccuracy = (accuracy: number): number => (high > low ? (accuracy - low) / (high - low) : 0.5);
  // By place: one that failed badly would make all others look alike.
  const sorted = [...accuracies].sort((a, b) => a - b);
  const placeOf = (accuracy: number): number => sorted.indexOf(accuracy) / Math.max(1, sorted.length - 1);
  const standing = ({ candidate }: Trial): number => (candidate === chosen ? 2 : candidate === best ? 1 : 0);
  // What stands out is drawn on top.
  const ordered = [...scored].sort((a, b) => standing(a.trial) - standing(b.trial) || a.accuracy - b.accuracy);
  const ends = (dimension: Dimension): readonly [string, string] =>
    dimension.kind === 'range'
      ? [names.value(dimension.target, dimension.high), names.value(dimension.target, dimension.low)]
      : ['', ''];
  return (
    <figure className={styles.chart} aria-label={t('search.chartLabel')}>
      <figcaption className={styles.caption}>{t('search.chart')}</figcaption>
      <div className={styles.axisNames} aria-hidden="true">
        {dimensions.map((dimension) => (
          <span key={JSON.stringify(dimension.target)}>
            {names.name(dimension.target)}
            <small>{ends(dimension)[0]}</small>
          </span>
        ))}
        {hasCost && (
          <span>
            {t('search.columns.parameters')}
            <small>{format.short(most)}</small>
          </span>
        )}
        <span>
          <strong>{t('search.columns.accuracy')}</strong>
          <small>{format.percent(high, 1)}</small>
        </span>
      </div>
      <svg className={styles.lines} width="100%" height={HEIGHT} aria-hidden="true" focusable="false">
        {Array.from({ length: axes }, (_, axis) => (
          <line
            key={axis}
            className={styles.axis}
            x1={across(axis, axes)}
            x2={across(axis, axes)}
            y1={TOP}
            y2={BOTTOM}
          />
        ))}
        {ordered.map(({ trial, accuracy }) => {
          const shares = [
            ...dimensions.map((dimension, at) => shareOf(dimension, trial.choices[at] ?? '')),
            ...(hasCost ? [shareOf(costAxis, trial.cost?.parameters ?? 0)] : []),
            shareOfAccuracy(accuracy),
          ];
          return (
            // biome-ignore lint/a11y/noStaticElementInteractions: the rows of the table do the same for keys
            <g
              key={trial.candidate}
              className={styles.line}
              data-candidate={trial.candidate}
              data-stands={standing(trial) || undefined}
              style={{ '--good': `${(10 + 90 * placeOf(accuracy)).toFixed(0)}%` } as React.CSSProperties}
              onClick={() => onChoose(trial.candidate === chosen ? null : trial.candidate)}
            >
              <title>{`${trial.candidate + 1}: ${format.percent(accuracy)}`}</title>
              {shares.slice(1).map((share, at) => {
                const place = {
                  x1: across(at, axes),
                  x2: across(at + 1, axes),
                  y1: down(shares[at] as number),
                  y2: down(share),
                };
                return (
                  <g key={at}>
                    <line className={styles.reach} {...place} />
                    <line className={styles.piece} {...place} />
                  </g>
                );
              })}
            </g>
          );
        })}
        {dimensions.map((dimension, axis) =>
          dimension.kind === 'list' && dimension.values.length <= NAMED
            ? dimension.values.map((value) => (
                <text
                  key={String(value)}
                  className={styles.category}
                  x={across(axis, axes)}
                  dx={5}
                  y={down(shareOf(dimension, value)) + 4}
                >
                  {shortened(names.value(dimension.target, value))}
                </text>
              ))
            : null,
        )}
      </svg>
      <div className={styles.axisNames} aria-hidden="true">
        {dimensions.map((dimension) => (
          <span key={JSON.stringify(dimension.target)}>
            <small>{ends(dimension)[1]}</small>
          </span>
        ))}
        {hasCost && (
          <span>
            <small>{format.short(least)}</small>
          </span>
        )}
        <span>
          <small>{format.percent(low, 1)}</small>
        </span>
      </div>
    </figure>
  );
});

function shortened(name: string): string {
  return name.length > 12 ? `${name.slice(0, 11)}…` : name;
}
