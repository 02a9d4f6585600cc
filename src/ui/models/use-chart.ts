/** Gathers from the stores what the chart draws, at most ten times a second. */
import { useMemo, useRef } from 'react';
import { useStore } from 'zustand';
import { candidates } from '#stores/candidates';
import { combine } from '#stores/combine-state';
import { datasets } from '#stores/datasets';
import { optimize } from '#stores/optimize';
import { project } from '#stores/project';
import type { Axis, CombineState, OptimizeState, ProjectState, TrainingState } from '#stores/state';
import { training } from '#stores/training';
import { view } from '#stores/view';
import { useThrottledPart, useThrottledStore } from '#ui/kit/use-throttled.ts';
import {
  type ChartPoint,
  candidatePoints,
  chartAxes,
  chartPoints,
  costOf,
  frontOf,
  type LoosePoint,
  linksOf,
  type RunPoint,
  runPoints,
} from '#ui/models/chart-data.ts';
import type { MovingContent } from '#ui/models/moving-context.ts';
import type { PreviewResult } from '#worker/protocol';
import type { CombinePreview } from '#worker/protocol-ensembles';

export interface ChartContent {
  readonly axis: Axis;
  readonly points: readonly ChartPoint[];
  readonly front: readonly ChartPoint[];
  readonly links: readonly (readonly [ChartPoint, ChartPoint])[];
  readonly runs: readonly RunPoint[];
  /** Of the search, while its tab is open. */
  readonly candidates: readonly RunPoint[];
  readonly moving: MovingContent;
  readonly axes: ReturnType<typeof chartAxes>;
}

/** The model that is being trained, at the validation accuracy measured last. */
export function livePoint(
  { nodes }: Pick<ProjectState, 'nodes'>,
  { node, trace }: Pick<TrainingState, 'node' | 'trace'>,
  axis: Axis,
): LoosePoint | null {
  const trained = node === null ? undefined : nodes[node];
  const measured = trace.findLast((point) => point.validationAccuracy !== undefined);
  const x = trained ? costOf(trained.summary, axis, trained.latency?.medianMs ?? null) : null;
  return x === null || measured?.validationAccuracy === undefined ? null : { x, y: measured.validationAccuracy * 100 };
}

/** Where a slider's position would put the model; null where only its size is known, or nothing on this axis. */
export function previewPoint(preview: PreviewResult | null, axis: Axis): LoosePoint | null {
  const x = preview ? costOf(preview, axis, null) : null;
  if (!preview?.accuracy || x === null) return null;
  const { value, low, high } = preview.accuracy;
  return { x, y: value * 100, low: low * 100, high: high * 100 };
}

/** Whether the place is not measured: bytes of a file that was not written. */
const isEstimated = ({ isWritten }: PreviewResult, axis: Axis): boolean => axis === 'bytes' && !isWritten;

/** Only what was measured: a curve of estimates would not go through the places where a file was written. */
function sweepPoints(sweep: OptimizeState['sweep'], axis: Axis): readonly LoosePoint[] {
  return (sweep?.points ?? []).flatMap((point) => {
    const x = isEstimated(point, axis) ? null : costOf(point, axis, null);
    return point.accuracy && x !== null ? [{ x, y: point.accuracy.value * 100 }] : [];
  });
}

/** Where the members as chosen would stand together; null on an axis that is known only once they are combined. */
export function togetherPoint(preview: CombinePreview | null, axis: Axis): LoosePoint | null {
  if (!preview || (axis !== 'parameters' && axis !== 'macs')) return null;
  const { value, low, high } = preview.validation;
  return { x: preview[axis], y: value * 100, low: low * 100, high: high * 100 };
}

/** A cascade moves along its curve, which is about work. */
function curvePoints(preview: CombinePreview | null, axis: Axis): readonly LoosePoint[] {
  if (axis !== 'macs') return [];
  return (preview?.curve ?? []).map(({ macs, accuracy }) => ({ x: macs, y: accuracy * 100 }));
}

/** The same object while its content is the same, so that what is drawn from it is not drawn anew. */
function useStable<T>(value: T): T {
  const kept = useRef(value);
  if (JSON.stringify(kept.current) !== JSON.stringify(value)) kept.current = value;
  return kept.current;
}

/**
 * While a slider moves the axes only grow: what it has reached stays in sight, and the chart is not drawn anew at every
 * move. Forgotten when the slider's answer is gone or when there are other models.
 */
function useReached(preview: LoosePoint | null, models: unknown): readonly LoosePoint[] {
  const seen = useRef<{ models: unknown; reached: readonly LoosePoint[] }>({ models, reached: [] });
  if (seen.current.models !== models || !preview) seen.current = { models, reached: [] };
  if (preview) {
    const all = [...seen.current.reached, preview];
    const by = (key: (point: LoosePoint) => number): LoosePoint =>
      all.reduce((best, point) => (key(point) < key(best) ? point : best));
    const reached = [
      by(({ x }) => x),
      by(({ x }) => -x),
      by(({ y, low }) => low ?? y),
      by(({ y, high }) => -(high ?? y)),
    ];
    seen.current = { models, reached };
  }
  return seen.current.reached;
}

const previewOf = (state: OptimizeState) => state.preview;
const sweepOf = (state: OptimizeState) => state.sweep;
const pointsOf = ({ points }: ReturnType<typeof candidates.getState>) => points;
const togetherOf = ({ view: shown, preview }: CombineState) => (shown === 'combine' ? preview : null);

/** `ticks`: how many the horizontal axis has room for. */
export function useChart(ticks: number): ChartContent {
  const { nodes, order } = useStore(project);
  const axis = useStore(view, (state) => state.axis);
  const tab = useStore(view, (state) => state.tab);
  // Recipe and sensitivity have no slider of their own on the chart.
  const sliding = useStore(view, (state) => state.tab === 'optimize' && state.optimizeView === 'method');
  const dataset = useStore(datasets, (state) => state.selected);
  const run = useThrottledStore(training);
  const preview = useThrottledPart(optimize, previewOf);
  const sweep = useThrottledPart(optimize, sweepOf);
  const together = useThrottledPart(combine, togetherOf);
  const still = useMemo(() => {
    const points = chartPoints({ nodes, order }, axis, dataset);
    return {
      points,
      front: frontOf(points),
      links: linksOf({ nodes, order }, points),
      runs: runPoints(points, axis),
    };
  }, [nodes, order, axis, dataset]);
  const found = useThrottledPart(candidates, pointsOf, 500);
  const tried = useMemo(() => (tab === 'search' ? candidatePoints(found, axis) : []), [found, axis, tab]);
  const moving = useMemo(() => {
    const live = livePoint({ nodes }, run, axis);
    if (tab === 'combine')
      return {
        live,
        preview: togetherPoint(together, axis),
        previewSize: null,
        isEstimate: false,
        sweep: curvePoints(together, axis),
      };
    return {
      live,
      preview: sliding ? previewPoint(preview, axis) : null,
      previewSize: sliding && preview && !preview.accuracy ? costOf(preview, axis, null) : null,
      isEstimate: sliding && preview !== null && isEstimated(preview, axis),
      sweep: sliding ? sweepPoints(sweep, axis) : [],
    };
  }, [nodes, run, axis, tab, sliding, preview, sweep, together]);
  const reached = useReached(moving.preview, still);
  const loose = [...(moving.live ? [moving.live] : []), ...still.runs, ...tried, ...reached];
  const reach = [...moving.sweep.map(({ x }) => x), ...(moving.previewSize === null ? [] : [moving.previewSize])];
  const axes = useStable(chartAxes(still.points, loose, reach, ticks));
  return { axis, ...still, candidates: tried, moving, axes };
}
