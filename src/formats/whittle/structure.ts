/**
 * The layers of a model, without their weights: kinds, names, connections and settings. A number stands for what is usual, so that
 * a chain of usual layers takes about a byte each.
 */
import { CodingError } from '#core/coding/fault';
import type { Activation, ActivationFn, Layer, LayerKind, Padding, TensorRole } from '#core/model/layers';
import { DEAR, type Exchange } from '#formats/whittle/exchange';
import { codeDouble, codeText } from '#formats/whittle/values';

/** Codes a setting of a layer under its name. */
type Setting = (exchange: Exchange, name: string, given: unknown) => unknown;

const LARGEST = 100_000_000;

const count: Setting = ({ numbers }, name, given) => numbers.whole(name, given as number, LARGEST);
const flag: Setting = ({ numbers }, name, given) => numbers.flag(name, given as boolean);
const double: Setting = (exchange, name, given) => codeDouble(exchange, name, given as number);

/** `length` whole numbers. */
const counts =
  (length: number): Setting =>
  (exchange, name, given) =>
    Array.from({ length }, (_, i) => count(exchange, name, (given as number[] | undefined)?.[i]));

/** Whole numbers, how many of them, and perhaps one that is -1. */
const shape: Setting = ({ numbers }, name, given) => {
  const extents = (given ?? []) as number[];
  const length = numbers.whole('rank', extents.length, 6);
  return Array.from({ length }, (_, i) => numbers.whole(name, (extents[i] ?? 0) + 1, LARGEST) - 1);
};

const padding: Setting = (exchange, name, given) => {
  const kind = exchange.numbers.whole(name, given === 'valid' ? 0 : given === 'same' ? 1 : 2, 2);
  return kind === 2 ? counts(4)(exchange, 'pads', given) : ((kind === 0 ? 'valid' : 'same') satisfies Padding);
};

/** In the order of their numbers in files: new ones go to the end. */
const FUNCTIONS: readonly ActivationFn[] = [
  'linear',
  'relu',
  'softmax',
  'leakyRelu',
  'sigmoid',
  'tanh',
  'elu',
  'swish',
  'gelu',
  'selu',
  'softplus',
  'softsign',
  'hardSigmoid',
  'exponential',
];

const activation: Setting = (exchange, name, given) => {
  const { fn, alpha, max } = (given ?? {}) as Partial<Activation>;
  const { numbers } = exchange;
  const place = numbers.whole(name, Math.max(0, FUNCTIONS.indexOf(fn as ActivationFn)), FUNCTIONS.length - 1);
  const hasAlpha = numbers.flag(`alpha${place}`, alpha !== undefined);
  const hasMax = numbers.flag(`max${place}`, max !== undefined);
  return {
    fn: FUNCTIONS[place] as ActivationFn,
    ...(hasAlpha ? { alpha: codeDouble(exchange, 'alpha', alpha) } : {}),
    ...(hasMax ? { max: codeDouble(exchange, 'max', max) } : {}),
  } satisfies Activation;
};

const interpolation: Setting = ({ numbers }, name, given) =>
  numbers.flag(name, given === 'bilinear') ? 'bilinear' : 'nearest';

const window = { strides: counts(2), padding };
const convolution = { ...window, dilation: counts(2), activation };

/** Each kind of layer in the order of its number in files (new ones go to the end), how its name usually begins, its settings. */
const KINDS: readonly (readonly [LayerKind, stem: string, settings: Readonly<Record<string, Setting>>])[] = [
  ['input', 'input', { shape }],
  ['conv2d', 'conv2d', convolution],
  ['dense', 'dense', { activation }],
  ['maxPool2d', 'max_pooling2d', { window: counts(2), ...window }],
  ['flatten', 'flatten', {}],
  ['batchNorm', 'batch_normalization', { epsilon: double, momentum: double }],
  ['activation', 'activation', { activation }],
  ['depthwiseConv2d', 'depthwise_conv2d', convolution],
  ['add', 'add', {}],
  ['globalAveragePool2d', 'global_average_pooling2d', { keepDims: flag }],
  ['averagePool2d', 'average_pooling2d', { window: counts(2), ...window }],
  ['dropout', 'dropout', { rate: double }],
  ['prelu', 'prelu', {}],
  ['globalMaxPool2d', 'global_max_pooling2d', { keepDims: flag }],
  ['reshape', 'reshape', { shape }],
  ['concat', 'concatenate', {}],
  ['multiply', 'multiply', {}],
  ['subtract', 'subtract', {}],
  ['average', 'average', {}],
  ['maximum', 'maximum', {}],
  ['minimum', 'minimum', {}],
  ['zeroPad2d', 'zero_padding2d', { pads: counts(4) }],
  ['crop2d', 'cropping2d', { pads: counts(4) }],
  ['upsample2d', 'up_sampling2d', { size: counts(2), interpolation }],
  ['rescale', 'rescaling', { scale: double, offset: double }],
];

/** The tensors of each kind: those it always has, then those it may have. */
const ROLES: Readonly<
  Partial<Record<LayerKind, readonly [always: readonly TensorRole[], perhaps: readonly TensorRole[]]>>
> = {
  conv2d: [['kernel'], ['bias']],
  depthwiseConv2d: [['kernel'], ['bias']],
  dense: [['kernel'], ['bias']],
  batchNorm: [
    ['mean', 'variance'],
    ['gamma', 'beta'],
  ],
  prelu: [['alpha'], []],
};

/** A layer's settings with the place of each tensor that it holds in the file's list, as it is written and read. */
export type CodeTensor = (layer: Layer | undefined, role: TensorRole) => string;

/** The layers; `codeTensor` gives the id of a tensor. Throws CodingError. */
export function codeLayers(exchange: Exchange, codeTensor: CodeTensor, given?: readonly Layer[]): readonly Layer[] {
  const { numbers } = exchange;
  const length = numbers.whole('layers', given?.length, 10_000);
  const places = new Map<string, number>();
  const layers: Layer[] = [];
  const kinds = new Map<LayerKind, number>();
  for (let at = 0; at < length; at++) {
    const layer = given?.[at];
    const number = numbers.whole(
      'kind',
      Math.max(
        0,
        KINDS.findIndex(([kind]) => kind === layer?.kind),
      ),
      KINDS.length - 1,
    );
    const [kind, stem, settings] = KINDS[number] as (typeof KINDS)[number];
    const before = kinds.get(kind) ?? 0;
    kinds.set(kind, before + 1);
    const name = codeName(exchange, [`${stem}_${before + 1}`, before === 0 ? stem : `${stem}_${before}`], layer?.name);
    if (places.has(name)) throw new CodingError('damaged');
    places.set(name, at);
    const read: Record<string, unknown> = { kind, name, inputs: codeInputs(exchange, layers, places, kind, layer) };
    for (const [key, setting] of Object.entries(settings))
      read[key] = setting(exchange, key, (layer as Readonly<Record<string, unknown>> | undefined)?.[key]);
    const [always, perhaps] = ROLES[kind] ?? [[], []];
    const held = perhaps.filter((role) => numbers.flag(role, !!layer && role in layer));
    for (const role of [...always, ...held]) read[role] = codeTensor(layer, role);
    layers.push(read as unknown as Layer);
  }
  return layers;
}

function codeName(exchange: Exchange, usual: readonly string[], given = ''): string {
  const found = usual.indexOf(given);
  const place = exchange.numbers.whole('name', found < 0 ? usual.length : found, usual.length);
  return usual[place] ?? codeText(exchange, given);
}

/** Most layers read the one before them; others say how far back each of their inputs is. */
function codeInputs(
  exchange: Exchange,
  layers: readonly Layer[],
  places: ReadonlyMap<string, number>,
  kind: LayerKind,
  given?: Layer,
): readonly string[] {
  const { numbers } = exchange;
  const at = layers.length;
  const usual = kind === 'input' || at === 0 ? [] : [(layers[at - 1] as Layer).name];
  const isUsual = given?.inputs.length === usual.length && usual.every((name, i) => name === given.inputs[i]);
  if (!numbers.flag('branches', !isUsual)) return usual;
  const length = numbers.whole('inputs', given?.inputs.length, 10_000);
  exchange.spend(DEAR * length);
  return Array.from({ length }, (_, i) => {
    const back = numbers.whole('back', at - 1 - (places.get(given?.inputs[i] ?? '') ?? 0));
    const source = layers[at - 1 - back];
    if (!source) throw new CodingError('damaged');
    return source.name;
  });
}

/** Which of `usual` and other names there are: nothing more where they are just the usual ones. */
export function codeNames(
  exchange: Exchange,
  usual: readonly string[],
  names: readonly string[],
  given?: readonly string[],
): readonly string[] {
  const { numbers } = exchange;
  const isUsual = given?.length === usual.length && usual.every((name, i) => name === given[i]);
  if (!numbers.flag('other names', !isUsual)) return usual;
  const length = numbers.whole('names', given?.length, names.length);
  return Array.from({ length }, (_, i) => {
    const place = numbers.whole('place', Math.max(0, names.indexOf(given?.[i] ?? '')), names.length - 1);
    return names[place] as string;
  });
}
