/** Whittle's own files: one small file with everything that pruning, grids and shared weights achieved, and a loader for TensorFlow.js. */
import type { Format } from '#formats/format';

export const whittle = {
  id: 'whittle',
  words: {
    title: { en: 'Whittle packed model', zh: 'Whittle 压缩模型' },
    help: {
      en: 'The smallest file: zeros, grids and shared weights are really stored as such and entropy coded. A loader of a few kB opens it in TensorFlow.js.',
      zh: '最小的文件：零、量化网格和共享权重都按本来面目存储并做熵编码。配有几 kB 的加载器，可在 TensorFlow.js 中打开。',
    },
  },
  extensions: ['.whittle'],
  detect: (head) =>
    [...head.values()].some((bytes) => bytes[0] === 0x57 && bytes[1] === 0x74 && bytes[2] === 0x6c && bytes.length > 8),
  read: async (bundle) => (await import('#formats/whittle/read')).read(bundle),
  write: async (model) => (await import('#formats/whittle/write')).write(model),
} as const satisfies Format;
