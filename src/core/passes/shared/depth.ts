/**
 * A network with a share of its blocks, below or above 1. Blocks are left out or repeated evenly over the depth, so that each stage of the network keeps
 * its part: of n blocks, block i stays (or gets a copy more) where the whole part of (i + 1) * share passes a whole number.
 */
import type { Model } from '#core/model/model';
import type { Words } from '#core/params';
import { removableBlocks, withoutBlocks } from '#core/passes/shared/blocks';
import { repeatableBlocks, repeated } from '#core/passes/shared/deepening';

export interface Depth {
  readonly model: Model;
  readonly note: Words;
}

export function withDepth(model: Model, depth: number): Depth {
  return depth > 1 ? deeper(model, depth) : shallower(model, depth);
}

function shallower(model: Model, depth: number): Depth {
  const blocks = removableBlocks(model);
  if (blocks.length === 0) return { model, note: NOT_REMOVABLE };
  const kept = Math.round(depth * blocks.length);
  const gone = blocks.filter((_, i) => !passesWhole(i, kept / blocks.length));
  if (gone.length === 0) return { model, note: unchanged(blocks.length) };
  const names = gone.map(({ layers }) => layers[0]).join(', ');
  return {
    model: withoutBlocks(model, gone),
    note: {
      en: `${gone.length} of ${blocks.length} blocks were left out: those that begin with ${names}.`,
      zh: `${blocks.length} 个块中去掉了 ${gone.length} 个：以 ${names} 开头的块。`,
    },
  };
}

function deeper(model: Model, depth: number): Depth {
  const blocks = repeatableBlocks(model);
  if (blocks.length === 0) return { model, note: NOT_REPEATABLE };
  const added = Math.round(depth * blocks.length) - blocks.length;
  if (added <= 0) return { model, note: unchanged(blocks.length) };
  let grown = model;
  for (const [i, block] of blocks.entries()) {
    const share = added / blocks.length;
    const copies = Math.floor((i + 1) * share + 1e-9) - Math.floor(i * share + 1e-9);
    for (let copy = 0; copy < copies; copy++) grown = repeated(grown, block);
  }
  return {
    model: grown,
    note: {
      en: `${added} blocks were added to ${blocks.length}. At first they change nothing: the network gives the same answers.`,
      zh: `在 ${blocks.length} 个块的基础上增加了 ${added} 个。起初它们不改变任何东西：网络的输出相同。`,
    },
  };
}

function passesWhole(i: number, share: number): boolean {
  return Math.floor((i + 1) * share + 1e-9) > Math.floor(i * share + 1e-9);
}

const NOT_REMOVABLE: Words = {
  en: 'Nothing was changed: no block can be left out. Each changes the shape, so what follows could not read what comes before.',
  zh: '没有任何改变：没有可以去掉的块。每个块都会改变形状，去掉后前后无法衔接。',
};
const NOT_REPEATABLE: Words = {
  en: 'Nothing was changed: no block can be repeated without changing the answers. It takes a layer with ReLU, or a residual block.',
  zh: '没有任何改变：没有可以重复而不改变输出的块。需要带 ReLU 的层或残差块。',
};

function unchanged(blocks: number): Words {
  return {
    en: `Nothing was changed: rounded to whole blocks, all ${blocks} stay as they are.`,
    zh: `没有任何改变：取整到整数个块后，${blocks} 个块都保持不变。`,
  };
}
