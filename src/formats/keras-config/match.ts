/**
 * Gives every layer its stored weights. Names decide; where a file's names are unusual, order does, as Keras itself
 * does it, and the shapes must fit. Nothing is guessed silently: what is missing, left over or wrongly shaped refuses
 * the file, by name.
 */
import type { Encoding } from '#core/model/encoding';
import type { KerasLayer } from '#formats/keras-config/graph';
import type { WeightSpec } from '#formats/keras-config/plan';
import { HINTS, listed, refuse } from '#formats/refuse';

/** One weight as a file holds it. */
export interface StoredWeight {
  /** Its name in the file, without ":0". */
  readonly name: string;
  /** The layer under which the file keeps it, where it keeps them so. */
  readonly group?: string;
  readonly file: string;
  readonly shape: readonly number[];
  /** Decodes the values; called once. */
  readonly read: () => { readonly data: Float32Array; readonly encoding: Encoding };
}
/** Each layer's weights by Keras' name for them. */
export type MatchedWeights = ReadonlyMap<KerasLayer, ReadonlyMap<string, StoredWeight>>;

export function matchWeights(
  layers: readonly { readonly layer: KerasLayer; readonly weights: readonly WeightSpec[] }[],
  stored: readonly StoredWeight[],
  file: string,
): MatchedWeights {
  refuseDuplicates(stored, file);
  const index = new WeightIndex(stored);
  const matched = new Map<KerasLayer, Map<string, StoredWeight>>();
  const missing: string[] = [];
  for (const { layer, weights } of layers) {
    if (weights.length === 0) continue;
    const byOrder = index.inOrder(layer, weights);
    const found = new Map<string, StoredWeight>();
    for (const [position, spec] of weights.entries()) {
      const weight = index.byName(layer, spec) ?? byOrder?.[position];
      if (!weight) {
        missing.push(`${layer.path.join('/')}/${spec.name}`);
        continue;
      }
      index.take(weight);
      checkShape(weight, spec);
      found.set(spec.name, weight);
    }
    matched.set(layer, found);
  }
  const extra = index.left().map(({ name }) => name);
  if (missing.length > 0) refuseMissing(missing, extra, stored.length, file);
  if (extra.length > 0) {
    const names = listed(extra);
    refuse(
      'extra-weights',
      { file, where: '' },
      { en: `It holds weights that no layer uses: ${names.en}.`, zh: `文件中有任何层都不使用的权重：${names.zh}。` },
      {
        en: 'The weights belong to another model; use the files that were saved together.',
        zh: '这些权重属于另一个模型；请使用一起保存的文件。',
      },
    );
  }
  return matched;
}

function refuseDuplicates(stored: readonly StoredWeight[], file: string): void {
  const seen = new Set<string>();
  for (const { group, name } of stored) {
    const key = `${group ?? ''}\n${name}`;
    if (seen.has(key)) {
      refuse(
        'duplicate-weight',
        { file, where: name },
        { en: 'Two weights have this name.', zh: '有两个权重使用了这个名称。' },
        HINTS.exportAgain,
      );
    }
    seen.add(key);
  }
}

function refuseMissing(missing: readonly string[], extra: readonly string[], stored: number, file: string): never {
  const names = listed(missing);
  if (stored === 0) {
    refuse(
      'no-weights',
      { file, where: '' },
      { en: 'It describes a network but holds no weights.', zh: '文件描述了网络，但没有权重。' },
      {
        en: 'Save the model with its weights, and drop all files that were saved.',
        zh: '请连同权重一起保存模型，并拖入保存的全部文件。',
      },
    );
  }
  const left = extra.length > 0 ? listed(extra, 4) : null;
  return refuse(
    'missing-weights',
    { file, where: '' },
    {
      en: `Weights are missing: ${names.en}.${left ? ` It holds others that no layer uses: ${left.en}.` : ''}`,
      zh: `缺少权重：${names.zh}。${left ? `文件中还有任何层都不使用的权重：${left.zh}。` : ''}`,
    },
    HINTS.exportAgain,
  );
}

function checkShape(weight: StoredWeight, spec: WeightSpec): void {
  if (spec.shape.length === 0) return;
  const fits =
    weight.shape.length === spec.shape.length &&
    spec.shape.every((size, axis) => size === null || size === weight.shape[axis]);
  if (!fits) {
    const wanted = spec.shape.map((size) => size ?? '?').join(', ');
    const held = weight.shape.join(', ');
    refuse(
      'wrong-shape',
      { file: weight.file, where: weight.name },
      {
        en: `Its shape is [${held}]; its layer needs [${wanted}].`,
        zh: `形状为 [${held}]；所属的层需要 [${wanted}]。`,
      },
      HINTS.exportAgain,
    );
  }
}

/** Looks weights up by the ways in which files have named them. Lives for one match. */
class WeightIndex {
  private readonly weights: readonly StoredWeight[];
  private readonly exact = new Map<string, StoredWeight[]>();
  /** By the last part of the name and every other part before it. */
  private readonly loose = new Map<string, StoredWeight[]>();
  private readonly groups = new Map<string, StoredWeight[]>();
  private readonly taken = new Set<StoredWeight>();

  constructor(weights: readonly StoredWeight[]) {
    this.weights = weights;
    for (const weight of weights) {
      add(this.exact, weight.name, weight);
      if (weight.group !== undefined) add(this.groups, weight.group, weight);
      const parts = weight.name.split('/');
      const last = parts.pop() as string;
      for (const part of new Set([...parts.slice(-8), ...(weight.group === undefined ? [] : [weight.group])]))
        add(this.loose, `${part}\n${last}`, weight);
    }
  }

  byName({ path }: KerasLayer, { name, aliases = [] }: WeightSpec): StoredWeight | undefined {
    const full = path.join('/');
    const layer = path.at(-1) as string;
    for (const one of [name, ...aliases]) {
      const found =
        this.only(this.exact.get(`${full}/${one}`), path) ??
        this.only(this.exact.get(`${layer}/${one}`), path) ??
        this.only(this.loose.get(`${layer}\n${one}`), path);
      if (found) return found;
    }
    return undefined;
  }

  /** The weights of the layer's own group, where they are as many as the layer needs and none can be told by name. */
  inOrder(layer: KerasLayer, specs: readonly WeightSpec[]): readonly StoredWeight[] | undefined {
    if (layer.path.length !== 1) return undefined;
    const group = this.groups.get(layer.path[0] as string);
    const named = specs.some((spec) => this.byName(layer, spec));
    return !named && group?.length === specs.length && group.every((weight) => !this.taken.has(weight))
      ? group
      : undefined;
  }

  take(weight: StoredWeight): void {
    this.taken.add(weight);
  }

  left(): readonly StoredWeight[] {
    return this.weights.filter((weight) => !this.taken.has(weight));
  }

  /** The one candidate that is free and, in a file with groups, stands under the layer's outermost model. */
  private only(candidates: readonly StoredWeight[] | undefined, path: readonly string[]): StoredWeight | undefined {
    const free = candidates?.filter(
      (weight) => !this.taken.has(weight) && (weight.group === undefined || weight.group === path[0]),
    );
    return free?.length === 1 ? free[0] : undefined;
  }
}

function add(map: Map<string, StoredWeight[]>, key: string, weight: StoredWeight): void {
  const list = map.get(key);
  if (list) list.push(weight);
  else map.set(key, [weight]);
}
