/**
 * Who reads whom within one functional model: references become calls, and calls are put into an order in which they
 * can run. References to nothing and circles are refused here.
 */
import type { Call } from '#formats/keras-config/calls';
import { HINTS, listed, type Place, refuse } from '#formats/refuse';

export interface ConnectedLayer {
  readonly name: string;
  readonly isModel: boolean;
  readonly calls: readonly Call[];
}
/** One call of a layer; `key` is unique within the model. */
interface OrderedCall {
  readonly name: string;
  readonly call: Call;
  readonly key: string;
}
interface Target {
  readonly layer: string;
  readonly node: number;
}

/** The calls in an order in which they can run, and the key of the call that a reference means. Throws ReadError. */
export function connect(
  layers: readonly ConnectedLayer[],
  outputs: Call,
  at: Place,
): { readonly order: readonly OrderedCall[]; readonly keyOf: (target: Target) => string } {
  const calls = layers.flatMap(({ name, calls: own }) =>
    own.map((call, index) => ({ name, call, key: callKey(name, index) })),
  );
  const keyOf = resolver(layers, [...calls.flatMap(({ call }) => call), ...outputs], at);
  return { order: sorted(calls, keyOf, at), keyOf };
}

export function refuseBroken(at: Place, en: string, zh: string): never {
  return refuse(
    'broken-graph',
    at,
    { en: `The graph of layers is broken: ${en}.`, zh: `层的连接有误：${zh}。` },
    HINTS.exportAgain,
  );
}

function resolver(
  layers: readonly ConnectedLayer[],
  targets: readonly Target[],
  at: Place,
): (target: Target) => string {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  // A nested model was once called to build itself, and some writers count that call.
  const offset = new Map<string, number>();
  for (const { layer, node } of targets) {
    const entry = byName.get(layer);
    if (entry?.isModel && node === entry.calls.length) offset.set(layer, 1);
  }
  return ({ layer, node }) => {
    const count = byName.get(layer)?.calls.length;
    if (count === undefined) {
      return refuseBroken(
        at,
        `a layer named "${layer}" is referred to but does not exist`,
        `引用了名为 "${layer}" 的层，但它不存在`,
      );
    }
    const index = node - (offset.get(layer) ?? 0);
    if (index < 0 || index >= count) {
      const where = [at.where, layer].filter((part) => part !== '').join('/');
      refuseBroken(
        { ...at, where },
        `its call number ${node} is referred to, but it is called ${count} times`,
        `引用了它的第 ${node} 次调用，但它只被调用 ${count} 次`,
      );
    }
    return callKey(layer, index);
  };
}

/** Kahn's algorithm, in the file's own order where it is free; what is left over stands on a circle or behind one. */
function sorted(calls: readonly OrderedCall[], keyOf: (target: Target) => string, at: Place): readonly OrderedCall[] {
  const waiting = new Map<string, number>();
  const readers = new Map<string, OrderedCall[]>();
  for (const entry of calls) {
    const sources = new Set(entry.call.map(keyOf));
    waiting.set(entry.key, sources.size);
    for (const source of sources) {
      const list = readers.get(source);
      if (list) list.push(entry);
      else readers.set(source, [entry]);
    }
  }
  const order = calls.filter(({ key }) => waiting.get(key) === 0);
  for (let i = 0; i < order.length; i++) {
    for (const reader of readers.get((order[i] as OrderedCall).key) ?? []) {
      const left = (waiting.get(reader.key) as number) - 1;
      waiting.set(reader.key, left);
      if (left === 0) order.push(reader);
    }
  }
  if (order.length < calls.length)
    refuseCircle(
      calls.filter(({ key }) => (waiting.get(key) as number) > 0),
      at,
    );
  return order;
}

function refuseCircle(calls: readonly OrderedCall[], at: Place): never {
  const stuck = [...new Set(calls.map(({ name }) => name))];
  const names = listed(stuck);
  return refuse(
    'cyclic-graph',
    at,
    stuck.length === 1
      ? { en: `The layer ${names.en} waits for its own output.`, zh: `层 ${names.zh} 在等待自己的输出。` }
      : {
          en: `The layers ${names.en} form a circle, or wait for one that does.`,
          zh: `层 ${names.zh} 构成了循环，或在等待循环中的层。`,
        },
    {
      en: 'A network that can run has no circles; save the model again.',
      zh: '可运行的网络不含循环；请重新保存模型。',
    },
  );
}

function callKey(layer: string, index: number): string {
  return `${index}:${layer}`;
}
