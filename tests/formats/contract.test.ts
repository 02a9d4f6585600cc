/** Promises that every format keeps: what is written is read back as the same model, reproducibly, with what changed said. */
import { describe, expect, it } from 'vitest';
import { modelId } from '#core/model/hash';
import { tensorsOf } from '#core/model/layers';
import type { Model } from '#core/model/model';
import type { Format } from '#formats/format';
import { detectFormat, FORMATS, readFiles } from '#formats/index';
import { encodedModel, everyLayer, furtherEncodedModel, KINDS_OF_EVERY_LAYER, templateModels } from './models';

const MODELS = [...templateModels(), everyLayer(), encodedModel(), furtherEncodedModel()];

async function roundTrip(format: Format, model: Model) {
  if (!format.write) throw new Error(`${format.id} does not write`);
  const { bundle, fileName, notes } = await format.write(model, { unsupportedGrids: 'float' });
  const files = [...bundle].map(([name, bytes]) => ({ name, bytes }));
  return { files, fileName, notes, back: await readFiles(files) };
}

/** What layers hold, by layer and role: content ids cover shape, values and encoding. */
function held(model: Model): readonly string[] {
  return model.layers.flatMap((layer) => tensorsOf(layer).map(([role, id]) => `${layer.name}/${role} ${id}`));
}

describe.each(FORMATS)('$id', (format: Format) => {
  it('says what it is in both languages, with extensions in lower case', () => {
    for (const text of [format.words.title, format.words.help]) {
      expect(text.en.length).toBeGreaterThan(5);
      expect(text.zh.length).toBeGreaterThan(2);
    }
    expect(format.extensions.every((extension) => /^\.[a-z0-9]+$/.test(extension))).toBe(true);
  });

  for (const model of MODELS) {
    it(`gives back ${model.name} [${model.layers[0]?.kind === 'input' ? model.layers[0].shape : ''}]: same graph, same tensors`, async () => {
      const before = modelId(model);
      const { back, files } = await roundTrip(format, model);
      expect(modelId(model)).toBe(before);
      expect(back.format).toBe(format.id);
      expect(back.model.name).toBe(model.name);
      expect(back.model.layers).toEqual(model.layers);
      expect(back.model.inputs).toEqual(model.inputs);
      expect(back.model.outputs).toEqual(model.outputs);
      expect(held(back.model)).toEqual(held(model));
      expect(back.model.activationGrids).toEqual(model.activationGrids);
      expect(back.model.meta).toEqual({ ...model.meta, source: format.id });
      expect(files).toHaveLength(1);
      expect(files[0]?.bytes.length).toBeGreaterThan(100);
    }, 30_000);
  }

  it('writes the same bytes for the same model, also later', async () => {
    const model = encodedModel();
    const first = await roundTrip(format, model);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const second = await roundTrip(format, model);
    expect(Buffer.compare(first.files[0]?.bytes as Uint8Array, second.files[0]?.bytes as Uint8Array)).toBe(0);
    expect(first.fileName).toBe(second.fileName);
  });

  it('says in both languages what it cannot hold', async () => {
    const { notes } = await roundTrip(format, encodedModel());
    // Whittle's own format holds everything.
    if (format.id === 'whittle') expect(notes).toEqual([]);
    else expect(notes.length).toBeGreaterThan(0);
    for (const { words } of notes) {
      expect(words.en).toMatch(/\.$/);
      expect(words.zh).toMatch(/。$/);
    }
  });

  it('is the only one that recognises what it wrote, by content', async () => {
    const { files } = await roundTrip(format, everyLayer());
    const renamed = files.map(({ bytes }) => ({ name: 'anything.dat', bytes }));
    expect((await readFiles(renamed)).format).toBe(format.id);
  });
});

describe('the models of this suite', () => {
  it('have every kind of layer but subtract, which one of the formats writes as two', () => {
    const all = [
      'input',
      'conv2d',
      'depthwiseConv2d',
      'dense',
      'batchNorm',
      'activation',
      'prelu',
      'maxPool2d',
      'averagePool2d',
      'globalAveragePool2d',
      'globalMaxPool2d',
      'flatten',
      'reshape',
      'dropout',
      'add',
      'multiply',
      'average',
      'maximum',
      'minimum',
      'concat',
      'zeroPad2d',
      'crop2d',
      'upsample2d',
      'rescale',
    ];
    expect([...KINDS_OF_EVERY_LAYER].sort()).toEqual([...all].sort());
  });
  it('are recognised by no format before they are written', () => {
    expect(() => detectFormat(new Map([['x.bin', new Uint8Array(64).fill(7)]]))).toThrow(/weight file/);
  });
});
