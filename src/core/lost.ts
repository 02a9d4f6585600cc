/**
 * What a step gave up of what earlier steps achieved: layers that are no longer pruned, quantized or shared, with the reason that the
 * step's method declares in its `effects`. Said for every method alike, so that none needs words of its own for it.
 */
import { prunableTensors } from '#core/model/edit';
import type { Encoding } from '#core/model/encoding';
import type { Model } from '#core/model/model';
import type { Words } from '#core/params';
import type { Effects } from '#core/pass';

const ACHIEVED: readonly {
  readonly effect: 'masks' | 'grids' | 'codebooks';
  readonly holds: (encoding: Encoding) => boolean;
  readonly words: Words;
}[] = [
  {
    effect: 'masks',
    holds: ({ mask }) => mask !== undefined,
    words: { en: 'No longer pruned', zh: '不再剪枝' },
  },
  {
    effect: 'grids',
    holds: ({ values: { kind } }) => kind === 'grid' || kind === 'binary',
    words: { en: 'No longer quantized', zh: '不再量化' },
  },
  {
    effect: 'codebooks',
    holds: ({ values: { kind } }) => kind === 'codebook',
    words: { en: 'No longer of shared values', zh: '不再共享取值' },
  },
];

/** Layers that are gone count as lost. Empty where nothing is, or the method declares that it keeps what it finds. */
export function lostNotes(before: Model, after: Model, effects: Effects): readonly Words[] {
  if (before === after) return [];
  const now = new Map(prunableTensors(after).map(({ layer, tensor }) => [layer.name, tensor]));
  const lost = ACHIEVED.flatMap(({ effect, holds, words }): Words[] => {
    if (effects[effect] !== 'consumes') return [];
    const names = prunableTensors(before).flatMap(({ layer: { name }, tensor: { encoding } }) => {
      const left = now.get(name)?.encoding;
      return holds(encoding) && !(left && holds(left)) ? [name] : [];
    });
    if (names.length === 0) return [];
    return [{ en: `${words.en}: ${names.join(', ')}.`, zh: `${words.zh}：${names.join('、')}。` }];
  });
  if (lost.length === 0) return [];
  return [
    {
      en: [...lost.map(({ en }) => en), effects.reason?.en ?? ''].join(' ').trim(),
      zh: [...lost.map(({ zh }) => zh), effects.reason?.zh ?? ''].join(''),
    },
  ];
}
