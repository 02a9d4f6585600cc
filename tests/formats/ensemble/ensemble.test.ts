/**
 * Ensembles and trees as files: what comes back answers as what went out, and stock TensorFlow.js with the loader in the
 * zip, the built module as people get it, answers as our engine does, asking members only where they are needed.
 */
import * as layersOfTf from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { answersIn } from '#core/ensembles/shared/answers';
import { softmaxRows } from '#core/numeric/softmax';
import type { EnsemblePredictor, Predictor, TreesPredictor } from '#core/predictor';
import { logitsOf } from '#engine/evaluate';
import { writeEnsemble } from '#formats/ensemble/write';
import type { ReadError } from '#formats/format';
import { readFiles, readPredictor } from '#formats/index';
import { readZip, writeZip } from '#formats/zip';
import { tf } from '../stock';
import { asPredictor, backend, digits, endingIn, ensemble, network, trees } from './digits';

type Loader = typeof import('#formats/ensemble/loader/index');
/** What a page has under `tf`. */
const stock = { ...tf, loadLayersModel: layersOfTf.loadLayersModel, model: layersOfTf.model };

const IMAGES = 200;
const images = digits.splits.test;
const size = digits.shape.reduce((product, extent) => product * extent, 1);
const pixels = Float32Array.from(images.pixels.subarray(0, IMAGES * size), (pixel) => pixel * digits.scale);

const [small, other, third] = [network('small-cnn', 1), network('lenet-300-100', 2), network('separable-cnn', 3)];
const members = [small, other, third].map(asPredictor);
const hidden = other.layers.findLast(({ kind }, i) => kind === 'dense' && i < other.layers.length - 1)?.name as string;

/** Everything that goes out as several files. */
const made: { name: string; whole: EnsemblePredictor | TreesPredictor }[] = [];

async function written(whole: EnsemblePredictor | TreesPredictor, name: string) {
  const { bundle, fileName } = await writeEnsemble(whole, name, { unsupportedGrids: 'float' });
  const bytes = bundle.get(fileName) as Uint8Array;
  return { fileName, bytes, files: await readZip(bytes.slice(), fileName) };
}

async function loaderIn(files: ReadonlyMap<string, Uint8Array>): Promise<Loader> {
  const text = Buffer.from(files.get('loader.js') as Uint8Array).toString('base64');
  return (await import(`data:text/javascript;base64,${text}`)) as Loader;
}

const ours = (whole: Predictor): Promise<Float32Array> => logitsOf(backend, whole, digits, 'test', { images: IMAGES });

beforeAll(async () => {
  await tf.setBackend('cpu');
  const forest = await trees('random-forest', { kind: 'layer', model: other, layer: hidden }, { trees: 5, depth: 5 });
  const tree = await trees('decision-tree', { kind: 'pixels' }, { depth: 6 });
  const boosted = await trees('gradient-boosting', { kind: 'pixels' }, { rounds: 2, depth: 3 });
  // Half of the images get past the first member, which is as sure of them as it is, right or wrong.
  const first = softmaxRows(await ours(members[0] as Predictor), 10);
  const tops = Array.from({ length: IMAGES }, (_, i) => Math.max(...first.subarray(10 * i, 10 * i + 10))).sort();
  const threshold = tops[IMAGES / 2] as number;
  const cascade = { ...(await ensemble('cascade', members, { threshold })), state: {} };
  made.push(
    { name: 'majority vote', whole: await ensemble('majority-vote', members) },
    { name: 'boosting', whole: await ensemble('boosting', members) },
    { name: 'cascade', whole: cascade },
    { name: 'specialists', whole: await ensemble('specialists', members) },
    { name: 'task chain of trees', whole: await ensemble('task-chain', [members[0] as Predictor, tree, forest]) },
    { name: 'stacking with trees', whole: await ensemble('stacking', [...members, tree, forest]) },
    { name: 'mean of logits with trees', whole: await ensemble('mean-logits', [...members, boosted]) },
    { name: 'votes of a cascade and a forest', whole: await ensemble('soft-vote', [cascade, forest, forest]) },
    {
      name: 'sigmoid and logits',
      whole: await ensemble('majority-vote', [endingIn(small, 'sigmoid'), endingIn(other, 'linear')].map(asPredictor)),
    },
    { name: 'decision tree', whole: tree },
    { name: 'random forest on features', whole: forest },
    { name: 'gradient-boosted trees', whole: boosted },
  );
}, 120_000);

describe('what was written', () => {
  it('comes back with the same answers, from a zip and from its files', async () => {
    for (const { name, whole } of made) {
      const { bytes, fileName, files } = await written(whole, name);
      const back = await readPredictor([{ name: fileName, bytes }]);
      expect(back.name).toBe(name);
      expect(await ours(back.predictor), name).toEqual(await ours(whole));
      const loose = await readPredictor([...files].map(([path, content]) => ({ name: path, bytes: content })));
      expect(await ours(loose.predictor), name).toEqual(await ours(whole));
    }
  }, 120_000);

  it('is the same bytes every time, and holds a network that is several members once', async () => {
    const twice = await ensemble('majority-vote', [...members, members[0] as Predictor]);
    const once = await ensemble('majority-vote', members);
    const [a, b] = [await written(twice, 'x'), await written(twice, 'x')];
    expect(a.bytes).toEqual(b.bytes);
    expect([...a.files.keys()]).toEqual([...(await written(once, 'x')).files.keys()]);
  });

  it('is no model, and says so', async () => {
    const { bytes } = await written(made[0]?.whole as EnsemblePredictor, 'x');
    await expect(readFiles([{ name: 'x.zip', bytes }])).rejects.toThrow('It is an ensemble, not one model.');
  });
});

describe('stock TensorFlow.js with the loader', () => {
  it('answers as our engine does', async () => {
    for (const { name, whole } of made) {
      const { files } = await written(whole, name);
      const { loadEnsemble } = await loaderIn(files);
      const loaded = await loadEnsemble(stock, async (path) => files.get(path) as Uint8Array);
      expect(loaded).toMatchObject({ name, input: digits.shape, classes: 10 });
      const asked = tf.tensor(pixels, [IMAGES, ...digits.shape]);
      const before = tf.memory().numTensors;
      const { answers, probabilities, ran } = await loaded.ask(asked);
      expect(tf.memory().numTensors, name).toBe(before);
      const scores = await ours(whole);
      const expected = answersIn(scores, 10);
      const p = softmaxRows(scores, 10);
      // A threshold of a tree, or of a cascade, can lie between two roundings of one feature.
      const differ = [...answers.keys()].filter((i) => answers[i] !== expected[i]).length;
      const far = p.filter((value, i) => Math.abs(value - (probabilities[i] as number)) > 2e-5).length;
      expect(differ, name).toBeLessThanOrEqual(1);
      expect(far, name).toBeLessThanOrEqual(20);
      if (name === 'cascade') {
        expect(ran[0]).toBe(IMAGES);
        expect(ran[2]).toBeLessThan(IMAGES);
      }
      const tensor = (await loaded.predict(asked)) as InstanceType<typeof tf.Tensor>;
      expect(tensor.shape).toEqual([IMAGES, 10]);
      expect(tensor.dataSync()).toEqual(probabilities);
      tf.dispose([asked, tensor]);
      loaded.dispose();
    }
  }, 240_000);

  it('is one module of some kB without a word for people', async () => {
    const { files } = await written(made[0]?.whole as EnsemblePredictor, 'x');
    const text = new TextDecoder().decode(files.get('loader.js'));
    expect(text).not.toMatch(/\bimport\b/);
    expect(text).not.toMatch(/\beval\b|new Function/);
    expect(text).not.toMatch(/[\u4e00-\u9fff]/);
    expect(text.length).toBeLessThan(14_000);
  });

  it('says where it was sent in vain', async () => {
    const { files } = await written(made[0]?.whole as EnsemblePredictor, 'x');
    const { loadEnsemble } = await loaderIn(files);
    await expect(loadEnsemble(stock, async () => new TextEncoder().encode('{}'))).rejects.toThrow(
      'not for this loader',
    );
  });
});

describe('a damaged file is refused with a reason', () => {
  type Change = (manifest: { predictor: object }, files: Map<string, Uint8Array>) => void;
  const cases: readonly (readonly [string, string, Change])[] = [
    ['another version', 'ensemble-version', (manifest) => void Object.assign(manifest, { version: 2 })],
    ['a way that nobody knows', 'ensemble-way', ({ predictor }) => void Object.assign(predictor, { way: 'magic' })],
    [
      'what was learned of other members',
      'bad-ensemble',
      ({ predictor }) => void Object.assign(predictor, { state: { hidden: 0, weights: [1, 2] } }),
    ],
    ['no members', 'bad-ensemble', ({ predictor }) => void Object.assign(predictor, { members: [] })],
    ['a network that is not there', 'bad-ensemble', (m) => void Object.assign(m, { networks: [] })],
    ['another image size', 'bad-ensemble', (m) => void Object.assign(m, { input: [9, 9, 1] })],
    ['other classes', 'bad-ensemble', (m) => void Object.assign(m, { classes: 3 })],
    ['a missing file', 'missing-shards', (_, files) => void files.delete('member-1.bin')],
    ['trees cut short', 'ensemble-trees', (_, files) => void files.set('trees-1.bin', new Uint8Array(7))],
  ];
  it.each(cases)('%s', async (_, code, change) => {
    const whole = made.find(({ name }) => name === 'stacking with trees')?.whole as EnsemblePredictor;
    const files = new Map((await written(whole, 'x')).files);
    const manifest = JSON.parse(new TextDecoder().decode(files.get('manifest.json')));
    change(manifest, files);
    files.set('manifest.json', new TextEncoder().encode(JSON.stringify(manifest)));
    const fault = await readPredictor([{ name: 'x.zip', bytes: await writeZip(files) }]).catch((one: unknown) => one);
    expect((fault as ReadError).code).toBe(code);
  });
});
