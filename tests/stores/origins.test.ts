/** How nodes were made, from untrained models on, and what cannot be made again. */
import { describe, expect, it } from 'vitest';
import { originOf, whyUnknown } from '#stores/origins';
import { reachable, withoutLost } from '#stores/records';
import type { ModelNode } from '#stores/state';
import { openedNode, summary } from './setting';

const node = (id: string, some: Partial<ModelNode> = {}): ModelNode => openedNode(id, { name: `Model ${id}`, ...some });

describe('how a node was made', () => {
  const settings = { epochs: 3 } as never;
  const template = node('t', { origin: { kind: 'template', architecture: {} as never, seed: 1 }, validation: null });
  const trained = node('u', {
    parent: 't',
    origin: { kind: 'trained', settings, seconds: 1, stopped: false, trace: [] },
  });
  const recipe = {
    version: 1,
    seed: 1,
    steps: [
      { pass: 'distillation', values: { teacher: 'e' } },
      { pass: 'magnitude-pruning', values: {} },
    ],
  } as const;
  const distilled = node('d', { parent: 'u', origin: { kind: 'recipe', recipe, seconds: 1 } });
  const combined = (parents: readonly string[], some = {}) =>
    node('e', {
      origin: { kind: 'combined', way: 'mean-logits', values: {}, parents, seconds: 1, result: {} as never, ...some },
    });
  const made = { kind: 'model', start: 'm-t', steps: [{ kind: 'trained', settings }] };

  it('is the chain of trainings and recipes from an untrained model on, teachers included', () => {
    const nodes = { t: template, u: trained, d: distilled, e: combined(['u', 'u']) };
    expect(originOf(nodes, 'u')).toEqual(made);
    expect(originOf(nodes, 'd')).toEqual({
      ...made,
      steps: [
        ...made.steps,
        {
          kind: 'recipe',
          recipe,
          teachers: { e: { kind: 'combined', way: 'mean-logits', values: {}, members: [made, made] } },
        },
      ],
    });
  });

  it('is not known of opened files, of what came of them, and of what was made to go together', () => {
    const opened = node('o');
    const nodes = { o: opened, u: { ...trained, parent: 'o' }, e: combined(['o']) };
    for (const id of ['o', 'u', 'e', 'nobody']) expect(originOf(nodes, id)).toBeNull();
    const boosted = { t: template, u: trained, e: combined(['u'], { making: 'boosting' }) };
    expect(originOf(boosted, 'e')).toBeNull();
    // A student of somebody of whom nobody knows has learned from the same images.
    const taught = { ...nodes, d: { ...distilled, parent: 't' }, t: template };
    expect(originOf(taught, 'd')).toBeNull();
    expect(whyUnknown(taught, 'd')).toEqual({ kind: 'unknown', name: 'Model o', why: null });
  });

  it('is the making of members, with the structure or the whole of what they were made of', () => {
    const origin = {
      kind: 'made',
      making: 'bagging',
      values: { members: 2 },
      seed: 7,
      member: 1,
      parents: ['u'],
      seconds: 1,
    } as const;
    const bagged = node('b', { parent: 'u', origin });
    const snapped = node('s', { origin: { ...origin, making: 'snapshots', values: { afresh: false } } });
    const on = { ...trained, parent: 'b' };
    const nodes = { t: template, u: trained, b: bagged, s: snapped, on, e: combined(['b'], { making: 'bagging' }) };
    const bag = { kind: 'made', making: 'bagging', values: { members: 2 }, seed: 7, member: 1 };
    const structure = { kind: 'model', start: 'm-u', steps: [] };
    expect(originOf(nodes, 'b')).toEqual({ ...bag, models: [structure] });
    expect(originOf(nodes, 'e')).toEqual({ ...bag, member: null, models: [structure] });
    expect(originOf(nodes, 's')).toMatchObject({ making: 'snapshots', models: [made] });
    expect(originOf(nodes, 'on')).toMatchObject({ start: { making: 'bagging' }, steps: [{ kind: 'trained' }] });
    // What a recipe cut away, it chose by looking at images.
    const cut = { ...nodes, u: { ...distilled, id: 'u', parent: 't' } };
    expect(originOf({ ...cut, e: template }, 'b')).toMatchObject({ models: [{ steps: [{ kind: 'recipe' }] }] });
    // Of a file only the structure counts.
    expect(originOf({ ...nodes, u: node('u') }, 'b')).toMatchObject({ models: [structure] });
    expect(
      whyUnknown({ ...nodes, s: node('s', { origin: { ...snapped.origin, parents: ['x'] } as never }) }, 's')?.why?.en,
    ).toContain('not on the page');
  });

  it('is growing trees, on pixels or on a layer of a network', () => {
    const origin = {
      kind: 'trees',
      method: 'random-forest',
      values: { trees: 3 },
      seed: 1,
      parents: ['u'],
      seconds: 1,
      importance: [],
    } as const;
    const features = { model: 'm-u', name: 'Model u', layer: 'dense_1' };
    const facts = { method: 'random-forest', trees: 3, depth: 4, comparisons: 12 };
    const nodes = {
      t: template,
      u: trained,
      f: node('f', { origin, summary: summary('p-f', { kind: 'trees', trees: { ...facts, features } }) }),
      p: node('p', { origin, summary: summary('p-p', { kind: 'trees', trees: { ...facts, features: 'pixels' } }) }),
    };
    const grown = { kind: 'trees', method: 'random-forest', values: { trees: 3 } };
    expect(originOf(nodes, 'f')).toEqual({ ...grown, looked: { at: made, layer: 'dense_1' } });
    expect(originOf(nodes, 'p')).toEqual({ ...grown, looked: null });
  });

  it('stays known as long as what it names: members are reached through their ensemble', () => {
    const nodes = { t: template, u: trained, e: combined(['u']), x: node('x') };
    const stored = { nodes, order: ['e'], selected: 'e', past: [], future: [], looks: {} };
    const wanted = reachable(stored);
    expect(wanted.map(({ id }) => id).sort()).toEqual(['e', 't', 'u']);
    expect(withoutLost(stored, wanted, new Set(['u'])).nodes['e']?.origin.kind).toBe('combined');
  });
});
