/**
 * Files that are no model we read, by what they are: each is refused by name and with what to do, and none is opened
 * any further. Pickles in particular are never unpickled.
 */
import type { Words } from '#core/params';
import type { Bundle } from '#formats/format';
import { textOf } from '#formats/json';
import { HINTS, refuse, shown } from '#formats/refuse';

interface Other {
  readonly code: string;
  readonly is: (head: Uint8Array, name: string, text: string) => boolean;
  readonly cause: Words;
  readonly hint: Words;
}

const magic =
  (...bytes: readonly number[]) =>
  (head: Uint8Array): boolean =>
    bytes.every((byte, i) => head[i] === byte);
const ascii =
  (text: string, at = 0) =>
  (head: Uint8Array): boolean =>
    [...text].every((letter, i) => head[at + i] === letter.charCodeAt(0));
const ends =
  (...extensions: readonly string[]) =>
  (name: string): boolean =>
    extensions.some((extension) => name.toLowerCase().endsWith(extension));
const notYet = (what: string, extra: Words = { en: '', zh: '' }): Words => ({
  en: `It is ${what}, which cannot be read yet.${extra.en}`,
  zh: `这是 ${what}，暂不支持读取。${extra.zh}`,
});

const TO_LAYERS: Words = {
  en: 'Convert it to a Keras .h5 or a TensorFlow.js layers model first.',
  zh: '请先将其转换为 Keras .h5 或 TensorFlow.js 层模型。',
};

/** In the order tried. */
const OTHERS: readonly Other[] = [
  {
    code: 'graph-model',
    is: (_, __, text) =>
      /^\s*\{/.test(text) &&
      (/"graph-model"/.test(text) || /"modelTopology"\s*:\s*\{\s*"(node|library|versions)"/.test(text)),
    cause: notYet('a TensorFlow.js graph model'),
    hint: {
      en: 'If you have the Keras model it was made from, convert that with --output_format=tfjs_layers_model.',
      zh: '如果有原来的 Keras 模型，请用 --output_format=tfjs_layers_model 转换它。',
    },
  },
  {
    code: 'tflite',
    is: (head) => ascii('TFL3', 4)(head),
    cause: notYet('a TensorFlow Lite model'),
    hint: { en: 'Open the Keras model that it was made from.', zh: '请打开生成它的 Keras 模型。' },
  },
  {
    code: 'gguf',
    is: ascii('GGUF'),
    cause: notYet('a GGUF language model'),
    hint: { en: 'Whittle works on convolutional networks for images.', zh: 'Whittle 处理的是识别图片的卷积网络。' },
  },
  {
    code: 'keras-v3',
    is: (_, name) => name === 'model.weights.h5' || name === 'metadata.json',
    cause: notYet('a .keras file of Keras 3'),
    hint: { en: 'Save it as HDF5: model.save("model.h5").', zh: '请保存为 HDF5：model.save("model.h5")。' },
  },
  {
    code: 'pytorch',
    is: (head, name) =>
      name === 'data.pkl' ||
      ends('.pt', '.pth', '.pkl', '.pickle', '.joblib', '.ckpt')(name) ||
      (head[0] === 0x80 && (head[1] ?? 0) >= 2 && (head[1] ?? 0) <= 5),
    cause: {
      en: 'It is a PyTorch or pickle file. Such files contain programs, and are never unpickled here.',
      zh: '这是 PyTorch 或 pickle 文件。此类文件含有程序，这里绝不会反序列化。',
    },
    hint: {
      en: 'In Python, rebuild the network in Keras, copy the weights, and save it as .h5.',
      zh: '请在 Python 中用 Keras 重建网络、复制权重，再保存为 .h5。',
    },
  },
  {
    code: 'saved-model',
    is: (_, name) => ends('.pb', '.pbtxt')(name) || name === 'variables.index',
    cause: notYet('a TensorFlow SavedModel'),
    hint: {
      en: 'In Python: tf.keras.models.load_model(folder).save("model.h5").',
      zh: '在 Python 中：tf.keras.models.load_model(folder).save("model.h5")。',
    },
  },
  {
    code: 'coreml',
    is: (_, name) => ends('.mlmodel', '.mlpackage', '.mlmodelc')(name),
    cause: notYet('a Core ML model'),
    hint: { en: 'Open the Keras model that it was made from.', zh: '请打开生成它的 Keras 模型。' },
  },
  {
    code: 'safetensors',
    is: (head, name) =>
      ends('.safetensors')(name) ||
      (head[8] === 0x7b &&
        head[4] === 0 &&
        head[5] === 0 &&
        head[6] === 0 &&
        head[7] === 0 &&
        (head[9] === 0x22 || head[9] === 0x7d)),
    cause: {
      en: 'It is a safetensors file: weights without a network.',
      zh: '这是 safetensors 文件：只有权重，没有网络。',
    },
    hint: TO_LAYERS,
  },
  {
    code: 'onnx',
    is: (head, name) =>
      ends('.onnx')(name) ||
      (head[0] === 0x08 &&
        (head[1] ?? 0) >= 1 &&
        (head[1] ?? 0) <= 20 &&
        (head[2] === 0x12 || head[2] === 0x3a) &&
        /pytorch|onnx|keras|tf2onnx|sklearn|paddle|torch/i.test(textOf(head.subarray(0, 300)))),
    cause: notYet('an ONNX model'),
    hint: TO_LAYERS,
  },
  {
    code: 'numpy',
    is: (head, name) => magic(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59)(head) || ends('.npy', '.npz')(name),
    cause: { en: 'It holds NumPy arrays, not a network.', zh: '其中是 NumPy 数组，不是网络。' },
    hint: TO_LAYERS,
  },
  {
    code: 'archive',
    is: (head) =>
      magic(0x1f, 0x8b)(head) ||
      ascii('7z\xbc\xaf')(head) ||
      ascii('Rar!')(head) ||
      ascii('ustar', 257)(head) ||
      magic(0xfd, 0x37, 0x7a, 0x58)(head),
    cause: { en: 'It is an archive that is not a zip.', zh: '这是压缩包，但不是 zip。' },
    hint: { en: 'Unpack it, and drop the model files or a zip of them.', zh: '请解压后拖入模型文件，或打包成 zip。' },
  },
  {
    code: 'picture',
    is: (head) =>
      magic(0x89, 0x50, 0x4e, 0x47)(head) ||
      magic(0xff, 0xd8, 0xff)(head) ||
      ascii('GIF8')(head) ||
      ascii('%PDF')(head),
    cause: { en: 'It is a picture or document, not a model.', zh: '这是图片或文档，不是模型。' },
    hint: { en: 'Drop a model file.', zh: '请拖入模型文件。' },
  },
];

/** Refuses what was meant to be a model file but is a web page or a placeholder, wherever it stands among the files. */
export function refuseWrongContent(bundle: Bundle): void {
  for (const [file, bytes] of bundle) {
    const text = textOf(bytes.subarray(0, 512));
    if (/^\s*(<!doctype html|<html)/i.test(text) && !ends('.html', '.htm')(file)) {
      refuse(
        'web-page',
        { file, where: '' },
        { en: 'It is a web page, not a model: the download went wrong.', zh: '这是网页，不是模型：下载出错了。' },
        { en: 'Download it again, with the button for the raw file.', zh: '请重新下载，并使用下载原始文件的按钮。' },
      );
    }
    if (text.startsWith('version https://git-lfs.github.com/spec/')) {
      refuse(
        'git-lfs',
        { file, where: '' },
        {
          en: 'It is a Git LFS pointer: a note that stands for the real file.',
          zh: '这是 Git LFS 指针文件，只是真实文件的占位。',
        },
        {
          en: 'Run "git lfs pull" in that folder, then open the file.',
          zh: '请在该目录运行 "git lfs pull"，再打开文件。',
        },
      );
    }
  }
}

/** Refuses files that no format knows, by what they look like. */
export function refuseUnknown(bundle: Bundle): never {
  const files = [...bundle];
  for (const { code, is, cause, hint } of OTHERS) {
    for (const [file, bytes] of files) {
      const head = bytes.subarray(0, 4_096);
      if (bytes.length > 0 && is(head, file, textOf(head))) refuse(code, { file, where: '' }, cause, hint);
    }
  }
  const empty = files.find(([, bytes]) => bytes.length === 0);
  if (empty)
    refuse(
      'empty',
      { file: empty[0], where: '' },
      { en: 'It is empty (0 bytes).', zh: '文件为空（0 字节）。' },
      HINTS.downloadAgain,
    );
  const [file, bytes] = files[0] as [string, Uint8Array];
  const json = files.find(([, content]) => /^\s*[{[]/.test(textOf(content.subarray(0, 64))));
  if (json && /"weights"\s*:/.test(textOf(json[1].subarray(0, 4_096)))) {
    refuse(
      'weights-only',
      { file: json[0], where: '' },
      { en: 'It lists weights but describes no network.', zh: '它列出了权重，但没有描述网络。' },
      { en: 'Drop the model.json that belongs to these weights.', zh: '请拖入与这些权重对应的 model.json。' },
    );
  }
  if (json)
    refuse(
      'no-topology',
      { file: json[0], where: '' },
      { en: 'It is JSON, but no model: it has no modelTopology.', zh: '它是 JSON，但不是模型：没有 modelTopology。' },
      {
        en: 'Drop the model.json that tf.io saved, with its weight files.',
        zh: '请拖入 tf.io 保存的 model.json 及其权重文件。',
      },
    );
  if (ends('.bin')(file) || /shard\d+of\d+/.test(file)) {
    refuse(
      'weights-only',
      { file, where: '' },
      {
        en: 'It is a weight file; the network is described in another file.',
        zh: '这是权重文件；网络的描述在另一个文件中。',
      },
      { en: 'Drop model.json together with all its weight files.', zh: '请将 model.json 与其全部权重文件一起拖入。' },
    );
  }
  return refuse(
    'unknown',
    { file, where: '' },
    {
      en: `It is no model format that can be read here (it begins with ${firstBytes(bytes)}).`,
      zh: `不是这里能读取的模型格式（开头为 ${firstBytes(bytes)}）。`,
    },
    {
      en: 'TensorFlow.js layers models (model.json with its weights, or a zip of them), Keras .h5 and .whittle files can be opened.',
      zh: '可以打开 TensorFlow.js 层模型（model.json 及其权重，或其 zip）、Keras .h5 和 .whittle 文件。',
    },
  );
}

function firstBytes(bytes: Uint8Array): string {
  return shown([...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join(' '));
}
