/** TensorFlow.js layers models: model.json with weight files, loose or in one zip. */
import type { Format } from '#formats/format';
import { textOf } from '#formats/json';

export const tfjsLayers = {
  id: 'tfjs-layers',
  words: {
    title: { en: 'TensorFlow.js layers model', zh: 'TensorFlow.js 层模型' },
    help: {
      en: 'A zip with model.json and its weights. tf.loadLayersModel opens it once unpacked; weights on 8- and 16-bit grids are stored as such.',
      zh: '包含 model.json 及其权重的压缩包。解压后可用 tf.loadLayersModel 打开；8 位和 16 位网格上的权重按原样存储。',
    },
  },
  extensions: ['.json', '.zip'],
  detect: (head) =>
    [...head.values()].some(
      (bytes) =>
        /^\s*[{[]/.test(textOf(bytes)) &&
        /"(modelTopology|weightsManifest)"|"layers-model"/.test(textOf(bytes)) &&
        !/"graph-model"/.test(textOf(bytes)),
    ),
  read: async (bundle) => (await import('#formats/tfjs-layers/read')).read(bundle),
  write: async (model, options) => (await import('#formats/tfjs-layers/write')).write(model, options),
} as const satisfies Format;
