/** Gathers from the stores what the chart draws, at most ten times a second. */
import { useMemo } from 'react';
import { useStore } from 'zustand';
import { datasets } from '#stores/datasets';
import { optimize } from '#stores/optimize';
import { project } from '#stores/project';
import type { Axis, OptimizeState, ProjectState, TrainingState } from '#stores/state';
import { training } from '#stores/training';
import { view } from '#stores/view';
import { useThrottled } from '#ui/kit/use-throttled.ts';
import {
  type ChartPoint,
  chartAxes,
  chartPoints,
  costOf,
  frontOf,
  type LoosePoint,
  linksOf,
} from '#ui/models/chart-data.ts';
import type { PreviewResult } from '#worker/protocol';

export interface ChartContent {
  readonly axis: Axis;
  readonly points: readonly ChartPoint[];
  readonly front: readonly ChartPoint[];
  readonly links: readonly (readonly [ChartPoint, ChartPoint])[];
  readonly live: LoosePoint | null;
  readonly preview: LoosePoint | null;
  readonly previewSize: number | null;
  readonly sweep: readonly LoosePoint[];
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

function sweepPoints(sweep: OptimizeState['sweep'], axis: Axis): readonly LoosePoint[] {
  return (sweep?.points ?? []).flatMap((point) => {
    const x = costOf(point, axis, null);
    return point.accuracy && x !== null ? [{ x, y: point.accuracy.value * 100 }] : [];
  });
}

/** `ticks`: how many the horizontal axis has room for. */
export function useChart(ticks: number): ChartContent {
  const nodes = useStore(project, (state) => state.nodes);
  const order = useStore(project, (state) => state.order);
  const axis = useStore(view, (state) => state.axis);
  const tab = useStore(view, (state) => state.tab);
  const dataset = useStore(datasets, (state) => state.selected);
  const run = useThrottled(useStore(training));
  const asked = useThrottled(useStore(optimize));
  return useMemo(() => {
    const points = chartPoints({ nodes, order }, axis, dataset);
    const live = livePoint({ nodes }, run, axis);
    const sliding = tab === 'optimize';
    const preview = sliding ? previewPoint(asked.preview, axis) : null;
    const previewSize = sliding && asked.preview && !asked.preview.accuracy ? costOf(asked.preview, axis, null) : null;
    const sweep = sliding ? sweepPoints(asked.sweep, axis) : [];
    const loose = [...(live ? [live] : []), ...(preview ? [preview] : [])];
    const reach = [...sweep.map(({ x }) => x), ...(previewSize === null ? [] : [previewSize])];
    const axes = chartAxes(points, loose, reach, ticks);
    return {
      axis,
      points,
      front: frontOf(points),
      links: linksOf({ nodes, order }, points),
      live,
      preview,
      previewSize,
      sweep,
      axes,
    };
  }, [nodes, order, axis, tab, dataset, run, asked, ticks]);
}
