/**
 * What is seen, in a sentence or two made from the numbers: what happened to the layer, to its zeros, and to the values that
 * are left. Keys and their numbers alone; the words are the language's.
 */
import type { Change, Inspection } from '#core/inspection/inspection';
import type { Levels } from '#core/inspection/levels';
import type { Family } from '#core/pass';
import type { Texts } from '#i18n/en';

export interface Sentence {
  readonly key: keyof Texts['inspect']['says'];
  /** Counts are whole; `share` and `error` from 0 to 1; the rest are weights' values. */
  readonly numbers?: Readonly<Record<string, number>>;
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
}

/** `family` of the pass, where one made the difference. */
export function sentencesOf(found: Inspection, family: Family | null): readonly Sentence[] {
  const { before, after, change } = found;
  if (!after) return [{ key: 'gone' }];
  const [zeros, values] = [zerosOf(found, family), valuesOf(found, family)];
  const isRounded = zeros[0]?.key === 'rounded';
  const all = [...structureOf(found), ...(isRounded ? [...values, ...zeros] : [...zeros, ...values])];
  if (all.length > 0) return all;
  return change || before.weights === after.weights ? [{ key: 'same' }] : [];
}

function structureOf({ kind, before, after, change }: Inspection): readonly Sentence[] {
  if (!after) return [];
  if (after.parts.length > 1) {
    const numbers = { parts: after.parts.length, before: before.weights, after: after.weights };
    const split: Sentence = { key: 'split', numbers };
    return change ? [split, { key: 'product', numbers: { error: change.relativeError } }] : [split];
  }
  const said: Sentence[] = [];
  const [shape, old] = [after.parts[0]?.shape ?? [], before.parts[0]?.shape ?? []];
  if (shape.length !== old.length || after.outputs > before.outputs || after.inputs > before.inputs)
    return [{ key: 'resized', shapes: { before: old, after: shape } }];
  const gone = before.outputs - after.outputs;
  if (gone > 0)
    said.push({ key: kind === 'dense' ? 'cutNeurons' : 'cutFilters', numbers: { gone, all: before.outputs } });
  if (after.inputs < before.inputs) said.push({ key: 'cutInputs', numbers: { now: after.inputs, was: before.inputs } });
  if (said.length === 0 && shape.join() !== old.join())
    said.push({ key: 'resized', shapes: { before: old, after: shape } });
  return said;
}

function zerosOf({ change, after, before }: Inspection, family: Family | null): readonly Sentence[] {
  if (!change || !after || after.parts.length > 1) return [];
  const share = change.zeroed / change.compared;
  if (share < 0.0005) return [];
  if (after.zeros === after.weights) return [{ key: 'allZero' }];
  // On new levels zero is one of them, and what is near it is rounded like everything else. How near differs where each channel has its
  // own step, and where steps are trained or rounding is chosen.
  const isNear = change.smallestFirst || family === 'quantization';
  const isRounded = isNear && isNew(before.levels, after.levels) && change.zeroed < change.moved;
  return [{ key: isRounded ? 'rounded' : change.smallestFirst ? 'zeroed' : 'zeroedOther', numbers: { share } }];
}

function valuesOf({ before, after, change }: Inspection, family: Family | null): readonly Sentence[] {
  if (!change || !after || after.parts.length > 1) return [];
  if (change.clipped > 0) return [{ key: 'clipped', numbers: { clipped: change.clipped } }];
  const { levels } = after;
  if (levels && isNew(before.levels, levels)) return levelsSaid(levels, change, after.weights - after.zeros);
  if (change.moved === change.zeroed) return [];
  const isTrained = family === 'training' || family === 'distillation';
  const numbers = { move: change.meanMove, error: change.relativeError };
  return [{ key: isTrained ? 'trained' : 'moved', numbers }];
}

function levelsSaid({ kind, count, step = 0, values, channels }: Levels, change: Change, weights: number): Sentence[] {
  const { meanMove: move } = change;
  const isDrawn = values.length > 0;
  const own: Sentence[] = isDrawn && channels > 1 ? [{ key: 'channels' }] : [];
  switch (kind) {
    case 'grid':
      return [{ key: isDrawn ? 'gridLines' : 'grid', numbers: { levels: count, step, move } }, ...own];
    case 'codebook':
      return [{ key: isDrawn ? 'codebookLines' : 'codebook', numbers: { weights, levels: count, move } }, ...own];
    case 'binary':
      return [{ key: 'binary', numbers: { value: values[1] ?? 0 } }, ...own];
    case 'half':
      return [{ key: 'half', numbers: { move } }];
    default:
      throw kind satisfies never;
  }
}

function isNew(before: Levels | null, after: Levels | null): boolean {
  return after !== null && JSON.stringify(flat(before)) !== JSON.stringify(flat(after));
}
function flat(levels: Levels | null): unknown {
  return levels && [levels.kind, levels.count, levels.step, levels.channels, [...levels.values]];
}
