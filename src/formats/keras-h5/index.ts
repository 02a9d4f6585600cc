/** Keras models in HDF5 (.h5), whole ones: configuration and weights. */
import type { Format } from '#formats/format';
import { isHdf5 } from '#formats/signatures';

export const kerasH5 = {
  id: 'keras-h5',
  words: {
    title: { en: 'Keras HDF5', zh: 'Keras HDF5' },
    help: {
      en: 'One .h5 file that keras.models.load_model opens. All weights are float32; pruned, quantized and shared values stay exactly as they are.',
      zh: '单个 .h5 文件，可用 keras.models.load_model 打开。所有权重均为 float32；剪枝、量化和共享的数值保持不变。',
    },
  },
  extensions: ['.h5', '.hdf5', '.keras'],
  detect: (head) => [...head.values()].some(isHdf5),
  read: async (bundle) => (await import('#formats/keras-h5/read')).read(bundle),
  write: async (model) => (await import('#formats/keras-h5/write')).write(model),
} as const satisfies Format;
