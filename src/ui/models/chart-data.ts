/**
 * What the chart draws, worked out from the stores: points with their intervals, the front, the links from parent to
 * child, and axes that look closely at where the models are. Pure, so that it is tested without drawing.
 */
import { paretoFront } from '#core/metrics/pareto';
import type { CandidatePoint } from '#stores/candidates';
import type { Axis, ModelNode, ProjectState } from '#stores/state';
import type { MarkKind } from '#ui/kit/Mark.tsx';
import { linearAxis, logAxis, type Axis as TickedAxis } from '#ui/kit/ticks.ts';
import { visibleParent } from '#ui/models/tree.ts';
import { markOf } from '#ui/predictor/mark.ts';

/** A measured model. `x` in the axis's unit, `y`, `low` and `high` in percent on validation. */
export interface ChartPoint {
  readonly node: ModelNode;
  readonly kind: MarkKind;
  readonly x: number;
  readonly y: number;
  readonly low: number;
  readonly high: number;
  readonly onFront: boolean;
  /** Measured on the data set that is being worked on: only these compete for the front; others are drawn faintly. */
  readonly comparable: boolean;
}
/** A place without a model: the slider's preview, a point of its sweep, the model that is being trained. */
export interface LoosePoint {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}
/** A run of a model with another seed, or a candidate of a search. */
export interface RunPoint extends LoosePoint {
  readonly key: string;
  readonly kind: MarkKind;
  readonly comparable: boolean;
}
export interface ChartAxes {
  readonly x: TickedAxis;
  readonly y: TickedAxis;
}

/** What a model costs on an axis; null where it was not measured or cannot stand on a logarithmic axis. */
export function costOf(
  cost: { readonly parameters: number; readonly nonZero: number; readonly bytes: number; readonly macs: number },
  axis: Axis,
  latencyMs: number | null,
): number | null {
  const value = axis === 'latency' ? latencyMs : cost[axis];
  return value !== null && value > 0 ? value : null;
}

/** The visible models that were measured on validation, and on this axis. `dataset` is the one being worked on. */
export function chartPoints(
  state: Pick<ProjectState, 'nodes' | 'order'>,
  axis: Axis,
  dataset: string,
): readonly ChartPoint[] {
  const measured = state.order.flatMap((id) => {
    const node = state.nodes[id];
    if (!node?.validation) return [];
    const x = costOf(node.summary, axis, node.latency?.medianMs ?? null);
    if (x === null) return [];
    const { value, low, high } = node.validation;
    return [
      {
        node,
        kind: markOf(node),
        x,
        y: value * 100,
        low: low * 100,
        high: high * 100,
        comparable: node.dataset === dataset,
      },
    ];
  });
  const front = new Set(
    paretoFront(measured.map(({ x, y, comparable }) => ({ cost: comparable ? x : Number.NaN, value: y }))),
  );
  return measured.map((point, index) => ({ ...point, onFront: front.has(index) }));
}

/** The front as a line, by rising cost. */
export function frontOf(points: readonly ChartPoint[]): readonly ChartPoint[] {
  return points.filter(({ onFront }) => onFront).sort((a, b) => a.x - b.x);
}

/** Pairs of points, a model and the nearest visible one it came from; an ensemble and each of its members. */
export function linksOf(
  state: Pick<ProjectState, 'nodes' | 'order'>,
  points: readonly ChartPoint[],
): readonly (readonly [ChartPoint, ChartPoint])[] {
  const byId = new Map(points.map((point) => [point.node.id, point]));
  return points.flatMap((point) => {
    const { origin } = point.node;
    const from = origin.kind === 'combined' ? origin.parents : [visibleParent(state, point.node)?.id ?? ''];
    return from.flatMap((id) => {
      const other = byId.get(id);
      return other && other !== point ? [[other, point] as const] : [];
    });
  });
}

/** Where the same model came out with other seeds, on this axis; where that was not counted, at its own place. */
export function runPoints(points: readonly ChartPoint[], axis: Axis): readonly RunPoint[] {
  return points.flatMap((point) =>
    (point.node.runs ?? []).map(({ seed, validation, cost }) => ({
      x: axis === 'parameters' || axis === 'macs' || axis === 'bytes' ? cost[axis] : point.x,
      y: validation.value * 100,
      key: `${point.node.id} ${seed}`,
      kind: point.kind,
      comparable: point.comparable,
    })),
  );
}

/** Candidates of a search on this axis. How long they take, and which weights are not 0, nobody measured. */
export function candidatePoints(found: readonly CandidatePoint[], axis: Axis): readonly RunPoint[] {
  if (axis === 'latency' || axis === 'nonZero') return [];
  return found.map(({ candidate, accuracy, cost }) => ({
    x: cost[axis],
    y: accuracy * 100,
    key: `candidate ${candidate + 1}`,
    kind: 'training',
    comparable: true,
  }));
}

/**
 * How far below the best model the vertical axis reaches, in points of accuracy, and further where less than half of the
 * models would be in sight. What lies lower is marked at its foot.
 */
const deepest = 25;

/**
 * Axes around the models. Loose points (the slider, the training run) stretch both, the vertical one only as far as the
 * models do, so that a slider at its extreme does not flatten everything else. `reach` are further
 * places on the horizontal axis. `most` is how many ticks there is room for on it.
 */
export function chartAxes(
  points: readonly ChartPoint[],
  loose: readonly LoosePoint[],
  reach: readonly number[] = [],
  most = 7,
): ChartAxes {
  const xs = [...[...points, ...loose].map(({ x }) => x), ...reach];
  const x = xs.length > 0 ? logAxis(Math.min(...xs), Math.max(...xs), most) : logAxis(1e3, 1e6, most);
  if (points.length === 0) return { x, y: linearAxis(0, 100, 5, [0, 100]) };
  const falling = points.map(({ y }) => y).sort((a, b) => b - a);
  const floor = Math.min((falling[0] as number) - deepest, falling[Math.ceil(falling.length / 2) - 1] as number);
  const seen = [...points, ...loose].filter(({ y }) => y >= floor);
  const lowest = Math.min(...seen.map(({ y, low }) => Math.max(low ?? y, floor)));
  const highest = Math.max(...seen.map(({ y, high }) => high ?? y));
  const air = Math.max((highest - lowest) * 0.06, 0.15);
  return { x, y: linearAxis(lowest - air, highest + air, 5, [0, 100]) };
}
