/**
 * What methods with very few values do with the first and the last layer, which see the image and give the answer: papers
 * leave them at 8 bits, since coarse values hurt most there and save least.
 */
import { prunableTensors } from '#core/model/edit';
import type { Model, Tensor } from '#core/model/model';
import { codesFor } from '#core/numeric/affine-grid';
import type { ChoiceParam, Words } from '#core/params';
import { type Granularity, quantizedKernel, spreadKernel } from '#core/passes/shared/kernel-grids';
import { layersThatRun, type Selected } from '#core/passes/shared/selection';

export type Outer = 'eight' | 'float' | 'same';

export const OUTER = {
  kind: 'choice',
  default: 'eight',
  label: { en: 'First and last layer', zh: '首层和末层' },
  help: {
    en: 'These two suffer most from few values and hold few of the weights, so they usually get 8 bits.',
    zh: '这两层最怕取值太少，而它们的权重又不多，所以通常使用 8 位。',
  },
  options: [
    { value: 'eight', label: { en: '8 bits', zh: '8 位' } },
    { value: 'float', label: { en: 'Left as they are', zh: '保持不变' } },
    { value: 'same', label: { en: 'Like the others', zh: '与其他层相同' } },
  ],
} as const satisfies ChoiceParam<Outer>;

/** Names of the first and the last layer with weights, of those that lead to the model's first output. */
export function outerLayers(model: Model): readonly string[] {
  const runs = layersThatRun(model);
  const all = prunableTensors(model).filter(({ layer }) => runs.has(layer.name));
  return [...new Set([all[0], all.at(-1)].flatMap((one) => (one ? [one.layer.name] : [])))];
}

/** What became of these layers; nothing where there are none, or they are like the others. */
export function outerNotes(names: readonly string[], outer: Outer): readonly Words[] {
  const list = names.join(', ');
  if (names.length === 0 || outer === 'same') return [];
  return [
    outer === 'eight'
      ? { en: `First and last layer: 8 bits (${list}).`, zh: `首层和末层：8 位（${list}）。` }
      : { en: `First and last layer left as they are: ${list}.`, zh: `首层和末层保持不变：${list}。` },
  ];
}

export interface Parted {
  readonly inner: readonly Selected[];
  /** What becomes of the first and the last layer; empty where they are like the others, left, or at 8 bits already. */
  readonly outer: ReadonlyMap<string, Tensor>;
  readonly notes: readonly Words[];
}

/** Parts the chosen layers into those that the method is for and the outer ones. */
export function partOuter(model: Model, selected: readonly Selected[], outer: Outer, granularity: Granularity): Parted {
  if (outer === 'same') return { inner: selected, outer: new Map(), notes: [] };
  const names = outerLayers(model);
  const apart = selected.filter(({ layer }) => names.includes(layer.name));
  const inner = selected.filter(({ layer }) => !names.includes(layer.name));
  const changed = new Map(
    outer === 'float'
      ? []
      : apart.flatMap((one) => {
          const { values } = one.tensor.encoding;
          // Few values are kept as they are: 8 bits would hold them no better.
          if (values.kind === 'grid' && values.bits <= 8) return [];
          const kernel = spreadKernel(one, granularity);
          return [[one.layer.name, quantizedKernel(kernel, 8, codesFor(8, true), 'error')] as const];
        }),
  );
  const notes: Words[] = [
    ...outerNotes(
      apart.map(({ layer }) => layer.name),
      outer,
    ),
  ];
  if (inner.length === 0)
    notes.push({
      en: 'The model has no layers between its first and its last one: choose "Like the others" to change these.',
      zh: '模型在首层和末层之间没有其他层：如要改变这两层，请选择“与其他层相同”。',
    });
  return { inner, outer: changed, notes };
}
