/** Configurations as different writers write them, unfolded by hand. */
import { describe, expect, it } from 'vitest';
import { readGraph } from '#formats/keras-config/graph';

type Inbound = readonly unknown[];
const input = (name: string) => ({
  class_name: 'InputLayer',
  name,
  config: { name, batch_input_shape: [null, 4] },
  inbound_nodes: [],
});
const layer = (name: string, ...calls: readonly Inbound[]) => ({
  class_name: 'Dense',
  name,
  config: { name, units: 4 },
  inbound_nodes: calls,
});
const model = (name: string, layers: readonly object[], from: Inbound, to: Inbound, calls?: readonly Inbound[]) => ({
  class_name: 'Functional',
  name,
  config: { name, layers, input_layers: from, output_layers: to },
  ...(calls ? { inbound_nodes: calls } : {}),
});
const calls = (config: unknown) => readGraph(config, 'f').calls.map(({ name, inputs }) => `${name}(${inputs.join()})`);

describe('readGraph', () => {
  it('puts layers into an order in which they can run, whatever the order of the file', () => {
    expect(
      calls(
        model(
          'm',
          [layer('c', [['b', 0, 0, {}]]), layer('b', [['a', 0, 0, {}]]), input('in'), layer('a', [['in', 0, 0, {}]])],
          [['in', 0, 0]],
          [['c', 0, 0]],
        ),
      ),
    ).toEqual(['in()', 'a(in)', 'b(a)', 'c(b)']);
  });

  it('gives a layer that is called twice one identity', () => {
    const graph = readGraph(
      model('m', [input('in'), layer('a', [['in', 0, 0, {}]], [['a', 0, 0, {}]])], ['in', 0, 0], ['a', 1, 0]),
      'f',
    );
    expect(graph.calls.map(({ name }) => name)).toEqual(['in', 'a', 'a_1']);
    expect(graph.calls[1]?.layer).toBe(graph.calls[2]?.layer);
    expect(graph.outputs).toEqual(['a_1']);
  });

  it('unfolds nested models, also where the first call is counted as the second', () => {
    const inner = (calls: readonly Inbound[]) =>
      model('inner', [input('x'), layer('d', [['x', 0, 0, {}]])], [['x', 0, 0]], [['d', 0, 0]], calls);
    for (const node of [0, 1]) {
      expect(
        calls(
          model(
            'm',
            [input('in'), inner([[['in', 0, 0, {}]]]), layer('out', [['inner', node, 0, {}]])],
            [['in', 0, 0]],
            [['out', 0, 0]],
          ),
        ),
      ).toEqual(['in()', 'inner/d(in)', 'out(inner/d)']);
    }
    expect(
      calls(
        model(
          'm',
          [input('in'), inner([[['in', 0, 0, {}]], [['inner', 1, 0, {}]]])],
          [['in', 0, 0]],
          [['inner', 2, 0]],
        ),
      ),
    ).toEqual(['in()', 'inner/d(in)', 'inner/d_1(inner/d)']);
  });

  it('unfolds a Sequential in a Sequential, with and without input layers', () => {
    const dense = (name: string, more = {}) => ({ class_name: 'Dense', config: { name, units: 4, ...more } });
    const first = {
      class_name: 'Sequential',
      config: { name: 'first', layers: [dense('a', { batch_input_shape: [null, 4] }), dense('b')] },
    };
    expect(calls({ class_name: 'Sequential', config: { name: 'm', layers: [first, dense('c')] } })).toEqual([
      'first_input()',
      'first/a(first_input)',
      'first/b(first/a)',
      'c(first/b)',
    ]);
    // Keras before 2.2.3: a bare list.
    expect(calls({ class_name: 'Sequential', config: [dense('a', { batch_input_shape: [null, 4] })] })).toEqual([
      'a_input()',
      'a(a_input)',
    ]);
    expect(
      calls({ class_name: 'Sequential', config: { name: 'm', build_input_shape: [null, 4], layers: [dense('a')] } }),
    ).toEqual(['a_input()', 'a(a_input)']);
  });

  it("reads Keras 3's calls", () => {
    const tensor = (name: string) => ({
      class_name: '__keras_tensor__',
      config: { shape: [null, 4], dtype: 'float32', keras_history: [name, 0, 0] },
    });
    const add = {
      class_name: 'Add',
      name: 'sum',
      config: { name: 'sum' },
      inbound_nodes: [{ args: [[tensor('a'), tensor('in')]], kwargs: {} }],
    };
    const a = { ...layer('a'), inbound_nodes: [{ args: [tensor('in')], kwargs: { training: false } }] };
    expect(calls(model('m', [input('in'), a, add], ['in', 0, 0], ['sum', 0, 0]))).toEqual([
      'in()',
      'a(in)',
      'sum(a,in)',
    ]);
  });

  it('stops at models that would unfold without end', () => {
    let nested: object = model('m0', [input('x'), layer('d', [['x', 0, 0, {}]])], [['x', 0, 0]], [['d', 0, 0]]);
    for (let i = 1; i < 15; i++) {
      const inner = {
        ...nested,
        inbound_nodes: [[['x', 0, 0, {}]], [[`m${i - 1}`, 0, 0, {}]], [[`m${i - 1}`, 1, 0, {}]]],
      };
      nested = model(`m${i}`, [input('x'), inner], [['x', 0, 0]], [[`m${i - 1}`, 2, 0]]);
    }
    expect(() => readGraph(nested, 'f')).toThrow(/more than 10000 layers/);
    let deep: object = model('d0', [input('x')], [['x', 0, 0]], [['x', 0, 0]]);
    for (let i = 1; i < 40; i++)
      deep = model(
        `d${i}`,
        [input('x'), { ...deep, inbound_nodes: [[['x', 0, 0, {}]]] }],
        [['x', 0, 0]],
        [[`d${i - 1}`, 0, 0]],
      );
    expect(() => readGraph(deep, 'f')).toThrow(/nested more than 16 deep/);
  });
});
