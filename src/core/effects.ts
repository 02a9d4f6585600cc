/**
 * What a method does to what earlier steps achieved: whether it refuses a model that holds it, which layers are no longer
 * pruned, quantized, shared or rounded after it, and the reason that the method declares in its `effects`. Said for every
 * method alike, before a step and after it, so that none needs words of its own for it.
 */
import { prunableTensors } from '#core/model/edit';
import type { TensorValues } from '#core/model/encoding';
import type { Model } from '#core/model/model';
import type { Words } from '#core/params';
import { type Effect, type Effects, type Pass, PassError } from '#core/pass';

/** What earlier steps achieved on one layer, in a model or in its summary. */
export interface LayerHolds {
  readonly name: string;
  readonly encoding: {
    /** 'none' where it has no weights that are pruned, quantized or shared. */
    readonly kind: TensorValues['kind'] | 'none';
    /** Of a grid, 1 of two signs, 16 of half precision. */
    readonly bits?: number;
    /** Pruned. */
    readonly masked?: true;
  };
  /** Where the layer's output is rounded to a grid. */
  readonly activationBits?: number;
}

/** Of each layer, in order. */
export function heldBy(model: Model): readonly LayerHolds[] {
  const kernels = new Map(prunableTensors(model).map(({ layer, tensor }) => [layer.name, tensor]));
  return model.layers.map(({ name }) => {
    const encoding = kernels.get(name)?.encoding;
    const rounded = model.activationGrids?.[name];
    return {
      name,
      encoding: encoding
        ? { ...kindOf(encoding.values), ...(encoding.mask ? { masked: true } : {}) }
        : { kind: 'none' },
      ...(rounded ? { activationBits: rounded.bits } : {}),
    };
  });
}

function kindOf(values: TensorValues): Pick<LayerHolds['encoding'], 'kind' | 'bits'> {
  const { kind } = values;
  if (kind === 'grid') return { kind, bits: values.bits };
  if (kind === 'binary') return { kind, bits: 1 };
  return kind === 'half' ? { kind, bits: 16 } : { kind };
}

/** Layers by name, or by number where they are many; null stands for all that held what is lost. */
type Who = { readonly words: Words; readonly one: boolean } | null;

interface Achievement {
  readonly effect: 'masks' | 'grids' | 'activations' | 'codebooks';
  readonly holds: (layer: LayerHolds) => boolean;
  /** Whether it goes with its layer; else what stands in the layer's place may have it. */
  readonly goes: boolean;
  /** A model "with …". */
  readonly held: Words;
  /** Said where it may be gone, or not: "if …". */
  readonly still: Words;
  /** Said after a step, before the layers' names. */
  readonly lost: Words;
  /** Said before a step, around "no longer": who is it no longer, and what; in Chinese whose what will be lost. */
  readonly ahead: (who: Who, layers: readonly LayerHolds[]) => readonly [who: Words, what: Words];
}

const ACHIEVED: readonly Achievement[] = [
  {
    effect: 'masks',
    holds: ({ encoding }) => encoding.masked === true,
    goes: true,
    held: { en: 'pruned weights', zh: '已剪枝的权重' },
    still: { en: 'the weights are still pruned', zh: '权重仍处于剪枝状态' },
    lost: { en: 'No longer pruned', zh: '剪枝已失效' },
    ahead: (who) => weights(who, { en: 'pruned', zh: '剪枝' }),
  },
  {
    effect: 'grids',
    holds: ({ encoding: { kind } }) => kind === 'grid' || kind === 'binary',
    goes: true,
    held: { en: 'quantized weights', zh: '已量化的权重' },
    still: { en: 'the weights are still quantized', zh: '权重仍处于量化状态' },
    lost: { en: 'No longer quantized', zh: '量化已失效' },
    ahead(who, layers) {
      const bits = range(layers.map(({ encoding }) => encoding.bits ?? 1));
      return weights(who, { en: `quantized to ${bits.en}`, zh: ` ${bits.zh}量化` });
    },
  },
  {
    effect: 'activations',
    holds: ({ activationBits }) => activationBits !== undefined,
    goes: false,
    held: { en: 'rounded activations', zh: '已舍入的激活值' },
    still: { en: 'the activations are still rounded', zh: '激活值仍处于舍入状态' },
    lost: { en: 'Activations no longer rounded', zh: '激活值舍入已失效' },
    ahead(who, layers) {
      const bits = range(layers.map(({ activationBits }) => activationBits ?? 1));
      const [en, zh] = who
        ? [`the activations of ${who.words.en}`, `${who.words.zh}激活值的`]
        : ['the activations', '激活值的'];
      return [
        { en: `${en} are`, zh },
        { en: `rounded to ${bits.en}`, zh: ` ${bits.zh}舍入` },
      ];
    },
  },
  {
    effect: 'codebooks',
    holds: ({ encoding }) => encoding.kind === 'codebook',
    goes: true,
    held: { en: 'shared weights', zh: '已共享的权重' },
    still: { en: 'the weights are still shared', zh: '权重仍处于共享状态' },
    lost: { en: 'No longer of shared values', zh: '权重共享已失效' },
    ahead: (who) => weights(who, { en: 'of shared values', zh: '权重共享' }),
  },
];

function weights(who: Who, what: Words): readonly [Words, Words] {
  if (!who) return [{ en: 'this model is', zh: '这个模型的' }, what];
  return [{ en: `${who.words.en} ${who.one ? 'is' : 'are'}`, zh: `${who.words.zh}的` }, what];
}

/** "4 bits", "2 to 8 bits". */
function range(bits: readonly number[]): Words {
  const [low, high] = [Math.min(...bits), Math.max(...bits)];
  const isOne = low === high;
  return {
    en: `${isOne ? low : `${low} to ${high}`} bit${high === 1 ? '' : 's'}`,
    zh: `${isOne ? low : `${low} 至 ${high}`} 位`,
  };
}

/** What a pass of these effects does to an achievement. */
function effectOn(effects: Effects, effect: Achievement['effect']): Effect {
  return effect === 'activations' ? (effects.activations ?? effects.grids) : effects[effect];
}

/** Why the pass cannot run on a model of these layers; null where it can. */
export function refusal(layers: readonly LayerHolds[], pass: Pass): Words | null {
  const { effects }: { readonly effects: Effects } = pass;
  const found = ACHIEVED.find(({ effect, holds }) => effectOn(effects, effect) === 'refuses' && layers.some(holds));
  return found ? cannot(pass, found) : null;
}

function cannot({ words: { title }, effects: { reason } }: Pass, { held }: Achievement): Words {
  const said = {
    en: `${title.en} cannot run on a model with ${held.en}.`,
    zh: `“${title.zh}”不能用于含有${held.zh}的模型。`,
  };
  return withReason([said], reason);
}

function withReason(said: readonly Words[], reason: Words | undefined): Words {
  const all = reason ? [...said, reason] : said;
  return { en: all.map(({ en }) => en).join(' '), zh: all.map(({ zh }) => zh).join('') };
}

/** Throws PassError where the pass refuses what earlier passes wrote on this model. */
export function checkEffects(model: Model, pass: Pass): void {
  const words = refusal(heldBy(model), pass);
  if (words) throw new PassError(words);
}

interface Loss {
  readonly what: Achievement;
  /** Of the layers that held it, those that do no longer. */
  readonly layers: readonly LayerHolds[];
  readonly all: boolean;
}

/** Empty where nothing is lost, or the method declares that it keeps what it finds. */
function losses(before: Model, after: Model, effects: Effects): readonly Loss[] {
  if (before === after) return [];
  const now = new Map(heldBy(after).map((layer) => [layer.name, layer]));
  const then = heldBy(before);
  return ACHIEVED.flatMap((what): Loss[] => {
    if (effectOn(effects, what.effect) !== 'consumes') return [];
    const holding = then.filter(what.holds);
    const layers = holding.filter(({ name }) => {
      const left = now.get(name);
      return left ? !what.holds(left) : what.goes;
    });
    return layers.length > 0 ? [{ what, layers, all: layers.length === holding.length }] : [];
  });
}

/** What a step gave up, with the reason; empty where it gave up nothing. */
export function lostNotes(before: Model, after: Model, effects: Effects): readonly Words[] {
  const lost = losses(before, after, effects).map(({ what, layers }): Words => {
    const names = layers.map(({ name }) => name);
    return { en: `${what.lost.en}: ${names.join(', ')}.`, zh: `${what.lost.zh}：${names.join('、')}。` };
  });
  return lost.length > 0 ? [withReason(lost, effects.reason)] : [];
}

/** Layers that are named one by one; of more only the number is told. */
const NAMED = 3;

/** What a step would give up, a sentence for each who loses it. `after`: what it would give, or the sketch of a pass that trains. */
export function lossesAhead(before: Model, after: Model, effects: Effects): readonly Words[] {
  const by = new Map<string, { readonly who: Words; readonly what: Words[] }>();
  for (const { what, layers, all } of losses(before, after, effects)) {
    const [who, state] = what.ahead(all ? null : named(layers.map(({ name }) => name)), layers);
    const own = by.get(who.en) ?? { who, what: [] };
    by.set(who.en, { who, what: [...own.what, state] });
  }
  return [...by.values()].map(({ who, what }) => ({
    en: `After this step ${who.en} ${what.map(({ en }) => `no longer ${en}`).join(' and ')}.`,
    zh: `这一步之后，${who.zh}${what.map(({ zh }) => zh).join('和')}将失效。`,
  }));
}

function named(names: readonly string[]): Who {
  const count = names.length;
  if (count > NAMED) return { words: { en: `${count} layers`, zh: `${count} 层` }, one: false };
  const first = names.slice(0, -1).join(', ');
  return {
    words: { en: `${first ? `${first} and ` : ''}${names.at(-1)}`, zh: `${names.join('、')} ` },
    one: count === 1,
  };
}

/**
 * What stands against a step where it stands in a recipe: it cannot run there (`refused`), or can undo what a step before
 * it made, or cannot run if a step before it has not undone what it can undo.
 */
export interface Clash {
  readonly refused: boolean;
  readonly words: Words;
}

/**
 * Of each step, in order; null where nothing is known against it. `start`: the layers of the model that the steps begin
 * with. A pass that is null is none that is known, or switched off.
 */
export function clashes(start: readonly LayerHolds[], passes: readonly (Pass | null)[]): readonly (Clash | null)[] {
  /** Who made what: a step from 0, or -1 for what the start holds. */
  const held = new Map<Achievement['effect'], number>();
  for (const { effect, holds } of ACHIEVED) if (start.some(holds)) held.set(effect, -1);
  /** What a step can have undone, which its values and the model decide. */
  const perhaps = new Set<Achievement['effect']>();
  return passes.map((pass, at) => {
    if (!pass) return null;
    const { effects }: { readonly effects: Effects } = pass;
    const { makes = [] } = effects;
    const refuses = ACHIEVED.filter(({ effect }) => effectOn(effects, effect) === 'refuses');
    const refused = refuses.find(({ effect }) => held.has(effect));
    const open = refuses.find(({ effect }) => perhaps.has(effect));
    // Where it runs, there was nothing of it.
    for (const { effect } of refuses) perhaps.delete(effect);
    const undone = [...held].filter(([effect]) => effectOn(effects, effect) === 'consumes' && !makes.includes(effect));
    for (const [effect] of undone) {
      held.delete(effect);
      perhaps.add(effect);
    }
    for (const effect of makes) held.set(effect, at);
    if (refused) return { refused: true, words: cannot(pass, refused) };
    const by = [...new Set(undone.map(([, step]) => step))].sort((a, b) => a - b);
    const said = [...(by.length > 0 ? [undoes(by, passes)] : []), ...(open ? [cannotIf(pass, open)] : [])];
    return said.length > 0 ? { refused: false, words: withReason(said, effects.reason) } : null;
  });
}

function undoes(by: readonly number[], passes: readonly (Pass | null)[]): Words {
  const who = by.map((step): Words => {
    const title: Words | undefined = passes[step]?.words.title;
    return title
      ? { en: `step ${step + 1} (${title.en})`, zh: `第 ${step + 1} 步（${title.zh}）` }
      : { en: 'what the start holds', zh: '起点模型已有的处理' };
  });
  return {
    en: `It can undo ${who.map(({ en }) => en).join(' and ')}.`,
    zh: `它可能撤销${who.map(({ zh }) => zh).join('和')}。`,
  };
}

function cannotIf({ words: { title } }: Pass, { still }: Achievement): Words {
  return {
    en: `${title.en} cannot run if ${still.en} at this step.`,
    zh: `如果到这一步时${still.zh}，“${title.zh}”将无法运行。`,
  };
}
