/** Where TensorFlow.js' layers compute something else than Keras' layers of the same name do. */
import type { Model } from '#core/model/model';
import type { Note } from '#formats/format';
import { listed, warning } from '#formats/refuse';

/** Keras samples at pixel centres when it enlarges with interpolation; TensorFlow.js at their upper left corners. */
export function bilinearNote(model: Model): readonly Note[] {
  const layers = model.layers.flatMap((layer) =>
    layer.kind === 'upsample2d' && layer.interpolation === 'bilinear' ? [layer.name] : [],
  );
  if (layers.length === 0) return [];
  const names = listed(layers, 4);
  return [
    warning(
      `TensorFlow.js enlarges with interpolation from pixel corners, Whittle and Keras from pixel centres: its answers differ a little (${names.en}).`,
      `在插值放大时，TensorFlow.js 以像素角为准，Whittle 和 Keras 以像素中心为准：二者结果略有差异（${names.zh}）。`,
    ),
  ];
}
