/** A whole model in a .whittle file: its name and what is known of it, its layers, each with its tensors, and the grids of its activations. */
import type { GridValues } from '#core/model/encoding';
import type { Layer } from '#core/model/layers';
import type { Exchange } from '#formats/whittle/exchange';
import type { Plan } from '#formats/whittle/streams';
import { type CodeTensor, codeLayers, codeNames } from '#formats/whittle/structure';
import { type Content, codeTensor, type Parts } from '#formats/whittle/tensors';
import { codeGrid, codeText } from '#formats/whittle/values';

/** A model whose tensors are known by numbers, without their content ids. */
export interface Packed {
  readonly name: string;
  readonly layers: readonly Layer[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly classes?: readonly string[];
  readonly dataset?: string;
  readonly activationGrids?: Readonly<Record<string, GridValues>>;
  /** By the id that layers give; when reading "0", "1", … in the order of the file. */
  readonly tensors: Readonly<Record<string, Content>>;
}

/** How each tensor is written; null when reading. */
export type Planner = (layer: Layer, content: Content) => { readonly parts: Parts; readonly plan: Plan };

const DATASETS = ['mnist', 'fashion-mnist', 'digits'] as const;

/** Codes a model, or reads one. Throws CodingError. */
export function codeModel(exchange: Exchange, given?: Packed, planner?: Planner): Packed {
  const { numbers } = exchange;
  const name = codeText(exchange, given?.name);
  const tensors: Record<string, Content> = {};
  const held: string[] = [];
  /** A tensor is written where a layer first names it. */
  const tensorAt: CodeTensor = (layer, role) => {
    const id = layer && (layer as unknown as Readonly<Record<string, string>>)[role];
    const before = id === undefined ? -1 : held.indexOf(id);
    if (numbers.flag('again', before >= 0)) return held[numbers.whole('tensor', before, held.length - 1)] as string;
    const content = id === undefined ? undefined : given?.tensors[id];
    const planned = layer && content ? planner?.(layer, content) : undefined;
    const place = id ?? String(held.length);
    tensors[place] = codeTensor(exchange, planned?.parts, planned?.plan);
    held.push(place);
    return place;
  };
  const layers = codeLayers(exchange, tensorAt, given?.layers);
  const names = layers.map((layer) => layer.name);
  const ends = layers.filter(({ kind }) => kind === 'input').map((layer) => layer.name);
  const inputs = codeNames(exchange, ends, names, given?.inputs);
  const outputs = codeNames(exchange, names.slice(-1), names, given?.outputs);
  const grids = codeActivationGrids(exchange, names, given?.activationGrids);
  const classes = codeClasses(exchange, given?.classes);
  const dataset = codeDataset(exchange, given?.dataset);
  return {
    name,
    layers,
    inputs,
    outputs,
    tensors,
    ...(grids ? { activationGrids: grids } : {}),
    ...(classes ? { classes } : {}),
    ...(dataset === undefined ? {} : { dataset }),
  };
}

function codeActivationGrids(
  exchange: Exchange,
  names: readonly string[],
  given?: Readonly<Record<string, GridValues>>,
): Readonly<Record<string, GridValues>> | undefined {
  const { numbers } = exchange;
  if (!numbers.flag('activation grids', given !== undefined)) return undefined;
  const grids = new Map<string, GridValues>();
  for (const name of names) {
    const grid = given && Object.hasOwn(given, name) ? given[name] : undefined;
    if (numbers.flag('activation grid', grid !== undefined)) grids.set(name, codeGrid(exchange, [], grid));
  }
  return Object.fromEntries(grids);
}

function codeClasses(exchange: Exchange, given?: readonly string[]): readonly string[] | undefined {
  const { numbers } = exchange;
  if (!numbers.flag('classes', given !== undefined)) return undefined;
  const length = numbers.whole('class count', given?.length, 10_000);
  return Array.from({ length }, (_, i) => codeText(exchange, given?.[i]));
}

function codeDataset(exchange: Exchange, given?: string): string | undefined {
  if (!exchange.numbers.flag('dataset', given !== undefined)) return undefined;
  const known = DATASETS.indexOf(given as (typeof DATASETS)[number]);
  const place = exchange.numbers.whole('dataset', known < 0 ? DATASETS.length : known, DATASETS.length);
  return DATASETS[place] ?? codeText(exchange, given);
}
