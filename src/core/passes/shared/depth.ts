/**
 * A network with a share of its blocks, below or above 1. One that starts afresh anyway may also lose layers that change
 * the shape. Blocks are left out or repeated evenly over the depth, so that each stage of the network keeps its part: of n blocks, block i stays (or gets a copy more) where the whole part of (i + 1) * share passes a whole number.
 */
import type { Model } from '#core/model/model';
import type { Words } from '#core/params';
import { type Block, removableBlocks, stages, withoutBlocks } from '#core/passes/shared/blocks';
import { repeatableBlocks, repeated } from '#core/passes/shared/deepening';
import { refitted } from '#core/passes/shared/refitting';

export interface Depth {
  readonly model: Model;
  readonly note: Words;
}

/** `fresh`: its weights are replaced afterwards, so that shapes may change (the tensors that no longer fit are zeros). */
export function withDepth(model: Model, depth: number, fresh: boolean): Depth {
  if (depth > 1) return deeper(model, depth);
  const blocks = removableBlocks(model);
  return blocks.length === 0 && fresh ? refittedShallower(model, depth) : shallower(model, depth, blocks);
}

function shallower(model: Model, depth: number, blocks: readonly Block[]): Depth {
  if (blocks.length === 0) return { model, note: NOT_REMOVABLE };
  const kept = Math.round(depth * blocks.length);
  const gone = blocks.filter((_, i) => !passesWhole(i, kept / blocks.length));
  if (gone.length === 0) return { model, note: unchanged(blocks.length) };
  return { model: withoutBlocks(model, gone), note: leftOut(gone, blocks.length) };
}

/** Layers go from the end, where that leaves a network; the first ones, which see the image, stay longest. */
function refittedShallower(model: Model, depth: number): Depth {
  const blocks = stages(model);
  const wanted = blocks.length - Math.round(depth * blocks.length);
  let found = model;
  const gone: Block[] = [];
  for (const block of blocks.toReversed()) {
    if (gone.length === wanted) break;
    const next = refitted(withoutBlocks(model, [...gone, block]));
    if (!next) continue;
    gone.push(block);
    found = next;
  }
  if (gone.length > 0) return { model: found, note: leftOut(gone.toReversed(), blocks.length) };
  return { model, note: wanted === 0 ? unchanged(blocks.length) : NOT_REMOVABLE };
}

function leftOut(gone: readonly Block[], count: number): Words {
  const names = gone.map(({ layers }) => layers[0]).join(', ');
  return {
    en: `${gone.length} of ${count} blocks ${gone.length === 1 ? 'was' : 'were'} left out: ${gone.length === 1 ? 'the one that begins' : 'those that begin'} with ${names}.`,
    zh: `${count} 个块中去掉了 ${gone.length} 个：以 ${names} 开头的块。`,
  };
}

function deeper(model: Model, depth: number): Depth {
  const blocks = repeatableBlocks(model);
  if (blocks.length === 0) return { model, note: NOT_REPEATABLE };
  const added = Math.round(depth * blocks.length) - blocks.length;
  if (added <= 0) return { model, note: unchanged(blocks.length) };
  let grown = model;
  // From the end: a block reads what stands before it, and that is renamed where the block before it is repeated first.
  for (const [i, block] of [...blocks.entries()].reverse()) {
    const share = added / blocks.length;
    const copies = Math.floor((i + 1) * share + 1e-9) - Math.floor(i * share + 1e-9);
    for (let copy = 0; copy < copies; copy++) grown = repeated(grown, block);
  }
  return {
    model: grown,
    note: {
      en: `${added} ${added === 1 ? 'block was' : 'blocks were'} added to ${blocks.length}. At first nothing changes: the network gives the same answers.`,
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
    en: `Nothing was changed: rounded to whole blocks, ${blocks === 1 ? 'the only one stays as it is' : `all ${blocks} stay as they are`}.`,
    zh: `没有任何改变：取整到整数个块后，${blocks} 个块都保持不变。`,
  };
}
