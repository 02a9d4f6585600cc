/**
 * Writes an ensemble or trees that no single graph can hold: a zip of every network as a TensorFlow.js layers model of its
 * own, trees as bytes, manifest.json that says how their answers become one, and loader.js, with which a page that has
 * stock TensorFlow.js asks them.
 */

import loader from 'virtual:ensemble-loader';
import { layerOf } from '#core/model/edit';
import { withoutSoftmax } from '#core/model/logits';
import type { Model } from '#core/model/model';
import { holdsProbabilities } from '#core/model/probabilities';
import { shapesOf } from '#core/model/shapes';
import { sizeOf } from '#core/model/tensor';
import { type EnsemblePredictor, modelsOf, type Predictor, type TreesPredictor } from '#core/predictor';
import { writeForest } from '#formats/ensemble/forest';
import { FORMAT, MANIFEST, type Manifest, type NetworkEntry, type Part, VERSION } from '#formats/ensemble/manifest';
import type { Note, WriteOptions, WriteResult } from '#formats/format';
import { fileNameFor } from '#formats/names';
import { refuseToWrite } from '#formats/refuse';
import { type LooseFiles, writeLoose } from '#formats/tfjs-layers/write';
import { writeZip } from '#formats/zip';

const LOADER = 'loader.js';

/** Throws WriteError where TensorFlow.js has no words for a layer of a member. */
export async function writeEnsemble(
  predictor: EnsemblePredictor | TreesPredictor,
  name: string,
  options: WriteOptions,
): Promise<WriteResult> {
  const encoder = new TextEncoder();
  const files = new Map<string, Uint8Array>([[LOADER, encoder.encode(loader)]]);
  const notes = new Map<string, Note>();
  const models = modelsOf(predictor);
  const loose: LooseFiles[] = [];
  const networks = models.map((model, i): NetworkEntry => {
    const [file, weights] = [`member-${i + 1}.json`, `member-${i + 1}.bin`];
    const written = writeLoose(model, options, { json: file, shard: weights });
    loose.push(written);
    for (const [path, bytes] of written.files) files.set(path, bytes);
    for (const note of written.notes) notes.set(note.words.en, note);
    return { file, weights, name: model.name, ...answerOf(model, written) };
  });
  let forests = 0;
  const partOf = (one: Predictor): Part => {
    switch (one.kind) {
      case 'model':
        return { kind: 'model', network: models.indexOf(one.model) };
      case 'ensemble': {
        const { way, values, state, members } = one;
        return { kind: 'ensemble', way, values, state, members: members.map(partOf) };
      }
      case 'trees': {
        const file = `trees-${++forests}.bin`;
        const { bytes, entry } = writeForest(one.forest);
        files.set(file, bytes);
        const { features } = one;
        if (features.kind === 'pixels') return { kind: 'trees', features, forest: { file, ...entry } };
        const network = models.indexOf(features.model);
        const place = loose[network]?.layers.get(features.layer);
        if (!place) throw new Error(`no layer is called ${features.layer}`);
        const looked = { kind: 'layer', network, layer: place.name, output: place.output } as const;
        return { kind: 'trees', features: looked, forest: { file, ...entry } };
      }
      default:
        throw one satisfies never;
    }
  };
  const manifest: Manifest = {
    format: FORMAT,
    version: VERSION,
    name,
    ...sizesOf(predictor),
    networks,
    predictor: partOf(predictor),
  };
  files.set(MANIFEST, encoder.encode(`${JSON.stringify(manifest, null, 1)}\n`));
  const fileName = fileNameFor({ name }, '.zip');
  return { bundle: new Map([[fileName, await writeZip(files)]]), fileName, notes: [...notes.values()] };
}

/** What the network's file answers with, and which layer of it makes that of the logits. */
function answerOf(model: Model, { layers }: LooseFiles): Pick<NetworkEntry, 'gives' | 'last'> {
  const logits = withoutSoftmax(model);
  if (logits.had) {
    const last = model.layers.find((layer, i) => layer !== logits.model.layers[i]);
    return { gives: 'softmax', last: layers.get(last?.name ?? '')?.output as string };
  }
  const end = model.outputs[0] as string;
  const layer = layerOf(model, end);
  if (layer && 'activation' in layer && layer.activation.fn === 'sigmoid')
    return { gives: 'sigmoid', last: layers.get(end)?.output as string };
  return { gives: holdsProbabilities(model, end) ? 'probabilities' : 'logits' };
}

function sizesOf(predictor: Predictor): Pick<Manifest, 'input' | 'classes'> {
  switch (predictor.kind) {
    case 'model': {
      const { model } = predictor;
      const shapes = shapesOf(model);
      if (model.inputs.length !== 1)
        refuseToWrite(
          'several-inputs',
          '',
          { en: `${model.name} has several inputs.`, zh: `${model.name} 有多个输入。` },
          { en: 'Members of one image only can be exported.', zh: '只能导出以单张图片为输入的成员。' },
        );
      return {
        input: shapes[model.inputs[0] as string] ?? [],
        classes: sizeOf(shapes[model.outputs[0] as string] ?? []),
      };
    }
    case 'trees':
      return { input: predictor.shape, classes: predictor.classes };
    case 'ensemble':
      return sizesOf(predictor.members[0] as Predictor);
    default:
      throw predictor satisfies never;
  }
}
