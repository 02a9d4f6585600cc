/**
 * Reads a TensorFlow.js layers model: model.json with its weight files. Everything is checked before anything is
 * built; TensorFlow.js itself never sees the file.
 */
import type { Bundle, Note, ReadResult } from '#formats/format';
import { isObject, type JsonObject, own, readJson } from '#formats/json';
import { assembleModel } from '#formats/keras-config/assemble';
import { HINTS, info, listed, refuse } from '#formats/refuse';
import { bilinearNote } from '#formats/tfjs-layers/differences';
import { readManifest } from '#formats/tfjs-layers/weights';

/** Throws ReadError. */
export async function read(bundle: Bundle): Promise<ReadResult> {
  const { file, json } = findModel(bundle);
  const topology = own(json, 'modelTopology');
  if (!isObject(topology)) {
    const held =
      topology === undefined
        ? { en: 'It has no modelTopology', zh: '没有 modelTopology' }
        : { en: 'Its modelTopology is not an object', zh: 'modelTopology 不是对象' };
    refuse(
      'no-topology',
      { file, where: '' },
      { en: `${held.en}, so there is no network in it.`, zh: `${held.zh}，因此其中没有网络。` },
      HINTS.exportAgain,
    );
  }
  const notes: Note[] = [];
  const used = new Set([file]);
  const weights = readManifest(own(json, 'weightsManifest'), bundle, file, used, notes);
  const metadata = own(json, 'userDefinedMetadata');
  const result = assembleModel({
    file,
    source: 'tfjs-layers',
    // The Python converter wraps the configuration once more.
    modelConfig: own(topology, 'model_config') ?? topology,
    kerasVersion: String(own(topology, 'keras_version') ?? ''),
    weights,
    record: isObject(metadata) ? own(metadata, 'whittle') : undefined,
  });
  const unused = [...bundle.keys()].filter((name) => !used.has(name));
  if (unused.length > 0) {
    const names = listed(unused, 4);
    notes.push(info(`Not needed and left aside: ${names.en}.`, `未使用的文件：${names.zh}。`));
  }
  return { model: result.model, notes: [...result.notes, ...notes, ...bilinearNote(result.model)] };
}

/** The one JSON file that holds a topology, or that comes nearest to it. */
function findModel(bundle: Bundle): { readonly file: string; readonly json: JsonObject } {
  const found: { file: string; json: unknown }[] = [];
  let broken: unknown;
  for (const [file, bytes] of bundle) {
    if (!looksLikeJson(bytes)) continue;
    try {
      found.push({ file, json: readJson(bytes, file) });
    } catch (error) {
      broken ??= error;
    }
  }
  const models = found.filter(({ json }) => isObject(json) && Object.hasOwn(json, 'modelTopology'));
  const [first, second] = models;
  if (first && second) {
    refuse(
      'two-models',
      { file: second.file, where: '' },
      {
        en: `There are two models here: "${first.file}" and this one.`,
        zh: `这里有两个模型："${first.file}" 和这一个。`,
      },
      { en: 'Drop the files of one model at a time.', zh: '请一次只拖入一个模型的文件。' },
    );
  }
  if (first) return { file: first.file, json: first.json as JsonObject };
  if (broken) throw broken;
  const manifest = found.find(
    ({ json }) => Array.isArray(json) && json.some((group) => isObject(group) && Object.hasOwn(group, 'weights')),
  );
  if (manifest) {
    refuse(
      'weights-only',
      { file: manifest.file, where: '' },
      { en: 'It lists weights but describes no network.', zh: '它列出了权重，但没有描述网络。' },
      { en: 'Drop the model.json that belongs to these weights.', zh: '请拖入与这些权重对应的 model.json。' },
    );
  }
  const any = found.find(({ json }) => isObject(json));
  return any
    ? { file: any.file, json: any.json as JsonObject }
    : refuse(
        'no-topology',
        { file: found[0]?.file ?? '', where: '' },
        { en: 'There is no network in this JSON.', zh: '此 JSON 中没有网络。' },
        HINTS.exportAgain,
      );
}

/** Starts like an object or a list, after white space and a byte order mark. */
function looksLikeJson(bytes: Uint8Array): boolean {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  const wide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (wide) at = 2;
  for (; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09 || (wide && byte === 0)) continue;
    return byte === 0x7b || byte === 0x5b;
  }
  return false;
}
