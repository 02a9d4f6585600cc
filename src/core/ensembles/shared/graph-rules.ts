/** What follows the members in a graph: the arithmetic of a way of combining, as layers. One rule for each way that has one. */
import { ensembleById } from '#core/ensembles/index';
import { groupsIn } from '#core/ensembles/shared/groups';
import { levelIn } from '#core/ensembles/stacking';
import type { Activation, Layer } from '#core/model/layers';
import type { Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { clampValues } from '#core/params';
import type { EnsemblePredictor } from '#core/predictor';

/** A member in the graph: the layer that gives its logits, or its probabilities. */
interface End {
  readonly end: string;
  readonly isProbabilities: boolean;
}
/** A graph being written: `put` gives the layer's name, `hold` the tensor's id. */
interface Graph {
  readonly put: (layer: Layer) => string;
  readonly hold: (tensor: Tensor) => string;
}
interface Rule {
  /** Members that have no part in the answer. */
  readonly without: ReadonlySet<number>;
  /** Whether this member's probabilities are not enough. */
  readonly needsLogits: (member: number) => boolean;
  /** Appends the layers behind the members, and gives the name of the one that answers with probabilities. */
  readonly follow: (members: readonly End[], graph: Graph) => string;
}

const SOFTMAX: Activation = { fn: 'softmax' };
const LINEAR: Activation = { fn: 'linear' };
const NOBODY: ReadonlySet<number> = new Set();

/** The rule of an ensemble's way; null where a graph cannot hold it. */
export function ruleOf(ensemble: EnsemblePredictor, classes: number): Rule | null {
  switch (ensemble.way) {
    case 'mean-logits':
      return mean(ensemble, true);
    case 'mean-probabilities':
    case 'soft-vote':
    case 'accuracy-weights':
    case 'learned-weights':
    case 'hand-weights':
      return mean(ensemble, false);
    case 'stacking':
      return stacked(ensemble, classes);
    case 'task-chain':
      return chained(ensemble, classes);
    default:
      return null;
  }
}

/** A layer with the member's probabilities. */
function probabilitiesOf({ end, isProbabilities }: End, m: number, { put }: Graph): string {
  if (isProbabilities) return end;
  return put({ kind: 'activation', name: `member_${m + 1}_probabilities`, inputs: [end], activation: SOFTMAX });
}

const isAlike = (weights: readonly number[]): boolean =>
  weights.every((weight) => Math.abs(weight - 1 / weights.length) < 1e-9);

function mean({ way: id, members, values, state }: EnsemblePredictor, ofLogits: boolean): Rule {
  const way = ensembleById(id);
  const all = way.weights?.(members.length, clampValues(way.params, values), state) ?? [];
  const kept = [...all.keys()].filter((m) => all[m] !== 0);
  const weights = kept.map((m) => all[m] as number);
  return {
    without: new Set([...all.keys()].filter((m) => all[m] === 0)),
    needsLogits: () => ofLogits,
    follow(ends, graph) {
      const parts = kept.map((m) => {
        const member = ends[m] as End;
        const own = ofLogits ? member.end : probabilitiesOf(member, m, graph);
        if (isAlike(weights)) return own;
        const name = `member_${m + 1}_weighted`;
        return graph.put({ kind: 'rescale', name, inputs: [own], scale: all[m] as number, offset: 0 });
      });
      const only = parts[0] as string;
      const whole =
        parts.length > 1
          ? graph.put({ kind: isAlike(weights) ? 'average' : 'add', name: 'mean', inputs: parts })
          : only;
      return ofLogits
        ? graph.put({ kind: 'activation', name: 'probabilities', inputs: [whole], activation: SOFTMAX })
        : whole;
    },
  };
}

/** All probabilities side by side, then the second level as dense layers. */
function stacked(ensemble: EnsemblePredictor, classes: number): Rule {
  const level = levelIn(ensemble.state);
  if (!level) return mean({ ...ensemble, way: 'mean-probabilities' }, false);
  const { hidden, weights } = level;
  return {
    without: NOBODY,
    needsLogits: () => false,
    follow(ends, graph) {
      const parts = ends.map((end, m) => probabilitiesOf(end, m, graph));
      let end = parts[0] as string;
      if (parts.length > 1) end = graph.put({ kind: 'concat', name: 'all_probabilities', inputs: parts });
      let at = 0;
      const tensor = (...shape: number[]): string => {
        const from = at;
        at += shape.reduce((product, extent) => product * extent, 1);
        return graph.hold(makeTensor(shape, Float32Array.from(weights.slice(from, at))));
      };
      const dense = (name: string, input: string, inputs: number, outputs: number, activation: Activation): string => {
        const kernel = tensor(inputs, outputs);
        return graph.put({ kind: 'dense', name, inputs: [input], kernel, bias: tensor(outputs), activation });
      };
      const inputs = parts.length * classes;
      if (hidden === 0) return dense('second_level', end, inputs, classes, SOFTMAX);
      end = dense('second_level_hidden', end, inputs, hidden, { fn: 'tanh' });
      return dense('second_level', end, hidden, classes, SOFTMAX);
    },
  };
}

/**
 * P(c) = P(g) P(c | g). Matrices of zeros and ones add the first member's probabilities up by group, pick a group's
 * logits out, and put its softmax back in place: exact, because every sum has one term that is not 0, or is a group's own.
 */
function chained({ members, state }: EnsemblePredictor, classes: number): Rule {
  const groups = groupsIn(state, members.length - 1, classes);
  return {
    without: new Set(groups.flatMap((group, g) => (group.length === 0 ? [g + 1] : []))),
    needsLogits: (m) => m > 0,
    follow(ends, graph) {
      const matrix = (rows: number, columns: number, isOne: (row: number, column: number) => boolean): string => {
        const data = Float32Array.from({ length: rows * columns }, (_, i) =>
          isOne(Math.floor(i / columns), i % columns) ? 1 : 0,
        );
        return graph.hold(makeTensor([rows, columns], data));
      };
      const dense = (name: string, input: string, kernel: string, activation: Activation): string =>
        graph.put({ kind: 'dense', name, inputs: [input], kernel, activation });
      const groupOf = (c: number): number => groups.findIndex((group) => group.includes(c));
      const together = matrix(classes, classes, (a, b) => groupOf(a) === groupOf(b));
      const shares = dense('group_shares', probabilitiesOf(ends[0] as End, 0, graph), together, LINEAR);
      const placed = groups.flatMap((group, g) => {
        if (group.length === 0) return [];
        const pick = matrix(classes, group.length, (c, k) => group[k] === c);
        const inside = dense(`group_${g + 1}_within`, (ends[g + 1] as End).end, pick, SOFTMAX);
        return [
          dense(
            `group_${g + 1}_placed`,
            inside,
            matrix(group.length, classes, (k, c) => group[k] === c),
            LINEAR,
          ),
        ];
      });
      const within =
        placed.length > 1 ? graph.put({ kind: 'add', name: 'within_groups', inputs: placed }) : (placed[0] as string);
      return graph.put({ kind: 'multiply', name: 'probabilities', inputs: [shares, within] });
    },
  };
}
