/** A Keras input layer as ours: images have three axes here, and every size is known. */
import type { InputLayer } from '#core/model/layers';
import type { Note } from '#formats/format';
import { own } from '#formats/json';
import type { KerasCall, KerasGraph } from '#formats/keras-config/graph';
import { batchShape } from '#formats/keras-config/settings';
import { HINTS, info, refuse, warning } from '#formats/refuse';

/** Layers to which an image without a channel axis and one with a single channel are the same. */
const BLIND_TO_CHANNELS = new Set(['Flatten', 'Reshape']);

export function inputLayer(call: KerasCall, graph: KerasGraph, file: string, notes: Note[]): InputLayer {
  const { config } = call.layer;
  const shape = batchShape(own(config, 'batch_input_shape') ?? own(config, 'batch_shape'));
  if (!shape) {
    refuse(
      'no-input-shape',
      { file, where: call.name },
      { en: 'The shape of this input cannot be understood.', zh: '无法理解该输入的形状。' },
      HINTS.exportAgain,
    );
  }
  const known = closed(shape, call.name, notes);
  if (known && (known.length === 1 || known.length === 3))
    return { kind: 'input', name: call.name, inputs: [], shape: known };
  const [height, width] = known ?? [];
  const readers = graph.calls.filter(({ inputs }) => inputs.includes(call.name));
  if (
    known?.length === 2 &&
    height !== undefined &&
    width !== undefined &&
    readers.every(({ layer }) => BLIND_TO_CHANNELS.has(layer.className))
  ) {
    notes.push(
      info(
        `Its input of ${height} x ${width} became an image of one channel.`,
        `其 ${height} x ${width} 的输入已作为单通道图片处理。`,
      ),
    );
    return { kind: 'input', name: call.name, inputs: [], shape: [height, width, 1] };
  }
  return refuse(
    'unsupported-input',
    { file, where: call.name },
    {
      en: `Its input has the shape [${shape.map((size) => size ?? '?').join(', ')}]; only images (height, width, channels) and lists of numbers can be read.`,
      zh: `其输入形状为 [${shape.map((size) => size ?? '?').join(', ')}]；只能读取图片（高、宽、通道）和数值列表。`,
    },
    { en: 'Sequences, video and volumes are not supported yet.', zh: '暂不支持序列、视频和三维数据。' },
  );
}

/** Fills an open height and width; null where anything else is open. */
function closed(shape: readonly (number | null)[], name: string, notes: Note[]): readonly number[] | null {
  if (shape.every((size) => size !== null)) return shape;
  const channels = shape[2] ?? null;
  if (shape.length !== 3 || channels === null) return null;
  const assumed = channels === 1 ? 28 : 224;
  notes.push(
    warning(
      `"${name}" takes images of any size; ${assumed} x ${assumed} was assumed where the file leaves it open.`,
      `"${name}" 接受任意大小的图片；文件未指定之处按 ${assumed} x ${assumed} 处理。`,
    ),
  );
  return [shape[0] ?? assumed, shape[1] ?? assumed, channels];
}
