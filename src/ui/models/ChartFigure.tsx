/**
 * The heart of the page: the figure "Parameters against accuracy", with its axis, its legend, and what it will show
 * while there is nothing to show yet.
 */
import { Button } from '@mantine/core';
import { Component, type ReactNode, useCallback, useEffect, useMemo, useState } from 'react';
import { useStore } from 'zustand';
import { project, select } from '#stores/project';
import type { Axis } from '#stores/state';
import { training } from '#stores/training';
import { setAxis } from '#stores/view';
import { EmptyState } from '#ui/kit/Feedback.tsx';
import type { Format } from '#ui/kit/format.ts';
import { DownIcon, UpIcon } from '#ui/kit/icons.tsx';
import { MARKS } from '#ui/kit/Mark.tsx';
import { useMedia } from '#ui/kit/use-media.ts';
import { useFormat, useText } from '#ui/kit/words.ts';
import styles from '#ui/models/chart.module.css';
import { trainSmallNetwork } from '#ui/models/first-run.ts';
import { Legend } from '#ui/models/Legend.tsx';
import { MovingContext } from '#ui/models/moving-context.ts';
import { useDescription } from '#ui/models/origin.ts';
import type { ParetoChartProps } from '#ui/models/ParetoChart.tsx';
import { useChart } from '#ui/models/use-chart.ts';

/** Screens on which the chart is small, and not there before there is something to show. */
export const SMALL = '(max-width: 1199px)';
const AXES: readonly Axis[] = ['parameters', 'nonZero', 'bytes', 'macs', 'latency'];

/** A cost in the axis's unit, short enough for a tick. */
export function showCost(axis: Axis, value: number, format: Format): string {
  if (axis === 'bytes') return format.bytes(value);
  return axis === 'latency' ? format.milliseconds(value) : format.short(value);
}

export function ChartFigure() {
  const t = useText();
  const format = useFormat();
  const describe = useDescription();
  const compact = useMedia(SMALL);
  const narrow = useMedia('(max-width: 599px)');
  const content = useChart(narrow ? 4 : 8);
  const [isHidden, setHidden] = useState(false);
  const selected = useStore(project, (state) => state.selected);
  const isTraining = useStore(training, (state) => state.status !== 'idle');
  const hasModels = useStore(project, ({ order }) => order.length > 0);
  const hasMeasured = useStore(project, ({ nodes, order }) => order.some((id) => nodes[id]?.validation));
  const { axis, points, front, links, runs, candidates, axes, moving } = content;
  const { live, preview, previewSize, sweep } = moving;
  const isEmpty = !hasMeasured && !live && !isTraining && candidates.length === 0;
  const faint = useMemo(() => [...runs, ...candidates], [runs, candidates]);

  const [tick = 0, next = 1] = axes.y.ticks;
  const digits = Math.max(0, -Math.floor(Math.log10(next - tick) + 1e-9));
  const tickX = useCallback((value: number) => showCost(axis, value, format), [axis, format]);
  const tickY = useCallback((value: number) => format.percent(value / 100, digits), [digits, format]);
  const best = front.at(-1);
  const summary = best
    ? t('models.summary', { count: points.length, best: best.node.name, accuracy: format.percent(best.y / 100) })
    : '';

  return (
    <figure
      className={styles.figure}
      aria-labelledby="chart-title"
      data-hidden={isHidden || undefined}
      data-empty={isEmpty || undefined}
    >
      <header className={styles.head}>
        <figcaption id="chart-title" className={styles.title}>
          {t(`models.chart.${axis}`)}
        </figcaption>
        <div className={styles.headTools}>
          <label className={styles.axisPick}>
            <span className={compact ? 'w-hidden' : undefined}>{t('models.axis')}</span>
            <select value={axis} onChange={(event) => setAxis(event.currentTarget.value as Axis)}>
              {AXES.map((id) => (
                <option key={id} value={id}>
                  {t(`models.axisShort.${id}`)}
                </option>
              ))}
            </select>
          </label>
          {compact && (
            <button
              type="button"
              className={styles.fold}
              aria-expanded={!isHidden}
              aria-label={t(isHidden ? 'models.showChart' : 'models.hideChart')}
              onClick={() => setHidden(!isHidden)}
            >
              {isHidden ? <DownIcon /> : <UpIcon />}
            </button>
          )}
        </div>
      </header>
      {!isHidden && (
        <>
          <div className={styles.stage}>
            {/* The axes stand behind the empty state already, so that the first run does not wait for them. */}
            {(!isEmpty || !compact) && (
              <div className={styles.layer} inert={isEmpty}>
                <Guard fallback={<p className={styles.note}>{t('models.chartBroken')}</p>}>
                  <MovingContext value={moving}>
                    <LateChart
                      points={points}
                      front={front}
                      links={links}
                      runs={faint}
                      axes={axes}
                      selected={selected}
                      compact={compact}
                      xLabel={t('models.logarithmic', { axis: t(`models.chartOf.${axis}`) })}
                      tickX={tickX}
                      tickY={tickY}
                      describe={describe}
                      onSelect={select}
                    />
                  </MovingContext>
                </Guard>
              </div>
            )}
            {isEmpty && (
              <div className={styles.blank}>
                {hasModels ? (
                  <EmptyState title={t('models.noPointTitle')} text={t('models.noPointText')} />
                ) : (
                  <EmptyState title={t('models.emptyTitle')} text={t('models.emptyText')} hint={t('models.emptyHint')}>
                    <Button onClick={() => void trainSmallNetwork()}>{t('models.emptyAction')}</Button>
                  </EmptyState>
                )}
              </div>
            )}
          </div>
          {!isEmpty && (
            <Legend
              kinds={MARKS.filter((kind) => points.some((point) => point.kind === kind))}
              hasFront={front.length > 0}
              hasLive={live !== null}
              hasPreview={preview !== null || previewSize !== null}
              hasSweep={sweep.length > 1}
              hasRuns={runs.length > 0}
              hasCandidates={candidates.length > 0}
              note={points.length === 0 && hasMeasured ? t('models.unmeasuredAxis') : null}
            />
          )}
          <p className="w-hidden">{summary}</p>
        </>
      )}
    </figure>
  );
}

/** The chart once it has been fetched. Suspense would hold it back for another 0.3 s. */
function LateChart(props: ParetoChartProps) {
  const [fetched, setFetched] = useState<{ Chart?: React.ComponentType<ParetoChartProps>; fault?: unknown }>({});
  useEffect(() => {
    let isWanted = true;
    const take = (now: typeof fetched) => isWanted && setFetched(now);
    import('#ui/models/ParetoChart.tsx').then(
      ({ default: Chart }) => take({ Chart }),
      (fault: unknown) => take({ fault }),
    );
    return () => {
      isWanted = false;
    };
  }, []);
  if (fetched.fault) throw fetched.fault;
  return fetched.Chart ? <fetched.Chart {...props} /> : null;
}

/** A chart that fails must not take the page with it. */
class Guard extends Component<{ fallback: ReactNode; children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };
  static getDerivedStateFromError() {
    return { failed: true };
  }
  override render() {
    return this.state.failed ? this.props.fallback : this.props.children;
  }
}
