/** Zips of ensembles with other values in their manifest, or damaged trees: each gives a predictor that can be asked, or a ReadError, soon. */

import { describe, expect, it } from 'vitest';
import { asOneModel } from '#core/ensembles/graph';
import { scoresOf } from '#core/ensembles/scores';
import { createModel } from '#core/model/create';
import type { EnsemblePredictor, Predictor, TreesPredictor } from '#core/predictor';
import { treeScores } from '#core/trees/answer';
import { writeEnsemble } from '#formats/ensemble/write';
import { ReadError } from '#formats/format';
import { readPredictor } from '#formats/index';
import { readZip } from '#formats/zip';
import fc from '../../properties';

const CLASSES = 3;
const member = (seed: number): Predictor => ({
  kind: 'model',
  model: createModel(
    {
      name: 'member',
      input: [2, 2, 1],
      classes: CLASSES,
      rows: [{ kind: 'flatten' }, { kind: 'dense', units: CLASSES, activation: 'linear', bias: true }],
    },
    seed,
  ),
});
const tree: TreesPredictor = {
  kind: 'trees',
  features: { kind: 'pixels' },
  forest: {
    kind: 'mean',
    start: [],
    trees: [
      {
        feature: [3, -1, -1],
        threshold: [0.5, 0, 0],
        left: [1, 0, 0],
        right: [2, 0, 0],
        value: [0, 0, 0, 1, 0, 0, 0, 0.5, 0.5],
      },
    ],
  },
  classes: CLASSES,
  shape: [2, 2, 1],
};
const of = (way: string, members: readonly Predictor[], state = {}, values = {}): EnsemblePredictor => ({
  kind: 'ensemble',
  way,
  values,
  members,
  state,
});
const GOOD = [
  of(
    'cascade',
    [member(1), of('majority-vote', [member(2), tree])],
    { temperatures: [1, 2], reach: [1, 0.5] },
    { threshold: 0.4 },
  ),
  of('specialists', [member(1), member(2), tree], { groups: [[0, 2], [1]] }),
  of('stacking', [member(1), tree], { hidden: 0, weights: Array.from({ length: 21 }, (_, i) => i / 10) }),
  of('boosting', [member(1), tree], { weights: [0.25, 0.75], errors: [0.1, 0.2] }),
];

const STRANGE: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e9,
  '',
  'x',
  '__proto__',
  'stacking',
  'cascade',
  'model',
  'trees',
  [],
  [[]],
  [0, 1, 2],
  [null],
  {},
  { kind: 'pixels' },
];

function places(value: unknown, found: [Record<string, unknown>, string][] = []): [Record<string, unknown>, string][] {
  if (typeof value !== 'object' || value === null) return found;
  for (const key of Object.keys(value)) {
    found.push([value as Record<string, unknown>, key]);
    places((value as Record<string, unknown>)[key], found);
  }
  return found;
}

/** Reads it, and asks what came of it. */
async function survives(files: ReadonlyMap<string, Uint8Array>): Promise<boolean> {
  const begun = performance.now();
  try {
    const { predictor } = await readPredictor([...files].map(([name, bytes]) => ({ name, bytes })));
    const scores = await scoresOf(
      predictor,
      async (leaf) =>
        leaf.kind === 'trees'
          ? treeScores(leaf.forest, new Float32Array(8), 2, CLASSES)
          : new Float32Array(2 * CLASSES),
      CLASSES,
    );
    expect(scores).toHaveLength(2 * CLASSES);
    if (predictor.kind === 'ensemble') asOneModel(predictor, 'x');
    return true;
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    expect(error.code).toMatch(/^[a-z0-9-]+$/);
    return false;
  } finally {
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect(Object.keys(Object.prototype)).toHaveLength(0);
  }
}

describe.each(GOOD.map((whole) => [whole.way, whole] as const))('%s', (_, whole) => {
  it('survives a manifest with other values, and bytes that are no trees', async () => {
    const { bundle, fileName } = await writeEnsemble(whole, 'x', { unsupportedGrids: 'float' });
    const files = await readZip(bundle.get(fileName) as Uint8Array, fileName);
    expect(await survives(files)).toBe(true);
    const text = new TextDecoder().decode(files.get('manifest.json'));
    const trees = files.get('trees-1.bin') as Uint8Array;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(), fc.constantFrom(...STRANGE), fc.constantFrom('replace', 'delete', 'copy')), {
          maxLength: 3,
        }),
        fc.option(fc.tuple(fc.nat(), fc.nat(255)), { freq: 3 }),
        async (changes, byte) => {
          const manifest = JSON.parse(text) as Record<string, unknown>;
          for (const [where, value, kind] of changes) {
            const all = places(manifest);
            const [parent, key] = all[where % all.length] as (typeof all)[number];
            const other = all[(where * 7 + 3) % all.length] as (typeof all)[number];
            if (kind === 'delete') delete parent[key];
            else parent[key] = structuredClone(kind === 'copy' ? other[0][other[1]] : value);
          }
          // Without its mark it is no ensemble, and other readers are asked: they have tests of their own.
          manifest['format'] = 'whittle-ensemble';
          const damaged = trees.slice();
          if (byte) damaged[byte[0] % damaged.length] = byte[1];
          const broken = new Map(files)
            .set('manifest.json', new TextEncoder().encode(JSON.stringify({ format: 'whittle-ensemble', ...manifest })))
            .set('trees-1.bin', damaged);
          if (!(await survives(broken))) refused++;
        },
      ),
      { numRuns: 250, seed: 11 },
    );
    expect(refused).toBeGreaterThan(0);
  }, 120_000);
});
