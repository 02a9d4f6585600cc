/** Reads a .whittle file. Its checksum is looked at first, every length before memory is taken, and the model as any other that is read. */
import { CodingError } from '#core/coding/fault';
import type { Layer, TensorRole } from '#core/model/layers';
import { tensorsOf } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { ShapeError } from '#core/model/shapes';
import { makeTensor } from '#core/model/tensor';
import { ModelError, nonFiniteValues, validateModel } from '#core/model/validate';
import type { Words } from '#core/params';
import type { Bundle, ReadResult } from '#formats/format';
import { HINTS, info, listed, refuse, warning } from '#formats/refuse';
import { codeModel, type Packed } from '#formats/whittle/content';
import { MAGIC, readExchange, VERSION } from '#formats/whittle/exchange';

/** Throws ReadError. */
export async function read(bundle: Bundle): Promise<ReadResult> {
  const files = [...bundle].filter(([, bytes]) => MAGIC.every((byte, i) => bytes[i] === byte));
  const [first, second] = files;
  if (second)
    refuse(
      'two-models',
      { file: second[0], where: '' },
      {
        en: `There are two models here: "${first?.[0]}" and this one.`,
        zh: `这里有两个模型："${first?.[0]}" 和这一个。`,
      },
      { en: 'Drop the files of one model at a time.', zh: '请一次只拖入一个模型的文件。' },
    );
  const [file, bytes] = first as [string, Uint8Array];
  const model = modelOf(unpack(bytes, file));
  try {
    validateModel(model);
  } catch (error) {
    if (!(error instanceof ModelError) && !(error instanceof ShapeError)) throw error;
    refuse('invalid-model', { file, where: error.layer }, error.words, HINTS.exportAgain);
  }
  const others = listed([...bundle.keys()].filter((name) => name !== file));
  return {
    model,
    notes: [
      ...(others.en ? [info(`Not needed and left aside: ${others.en}.`, `未使用的文件：${others.zh}。`)] : []),
      ...nonFiniteValues(model).map(({ words }) => warning(words.en, words.zh)),
    ],
  };
}

const CAUSES: Readonly<Record<CodingError['code'], readonly [code: string, cause: Words]>> = {
  'cut-short': [
    'cut-short',
    { en: 'It ends before its model does: it is cut short.', zh: '文件在模型结束之前就中断了：内容不完整。' },
  ],
  damaged: [
    'damaged',
    {
      en: 'Its content does not match its checksum, or says what no model can be.',
      zh: '内容与校验和不符，或描述了不可能存在的模型。',
    },
  ],
  'too-large': [
    'too-large',
    {
      en: 'It says that it holds more than a file of its size can.',
      zh: '它声称的内容超出了这种大小的文件所能容纳的范围。',
    },
  ],
};

function unpack(bytes: Uint8Array, file: string): Packed {
  const version = bytes[3] ?? 0;
  if (bytes.length > 8 && version > VERSION)
    refuse(
      'newer-version',
      { file, where: '' },
      {
        en: `It was written by a newer Whittle (version ${version} of the format).`,
        zh: `它由更新版本的 Whittle 写成（格式版本 ${version}）。`,
      },
      { en: 'Reload this page to get the newest Whittle.', zh: '请刷新页面以使用最新的 Whittle。' },
    );
  try {
    return readExchange(bytes, (exchange) => codeModel(exchange));
  } catch (error) {
    if (!(error instanceof CodingError)) throw error;
    const [code, cause] = CAUSES[error.code];
    return refuse(code, { file, where: '' }, cause, HINTS.downloadAgain);
  }
}

function modelOf({ name, layers, inputs, outputs, tensors, classes, dataset, activationGrids }: Packed): Model {
  const made = new Map<string, Tensor>(
    Object.entries(tensors).map(([place, { shape, data, encoding }]) => [place, makeTensor(shape, data, encoding)]),
  );
  const idOf = (place: string): string => (made.get(place) as Tensor).id;
  return {
    name,
    layers: layers.map((layer) => ({
      ...layer,
      ...(Object.fromEntries(tensorsOf(layer).map(([role, place]) => [role, idOf(place)])) as Partial<
        Record<TensorRole, string>
      >),
    })) as readonly Layer[],
    inputs,
    outputs,
    tensors: Object.fromEntries([...made.values()].map((tensor) => [tensor.id, tensor])),
    layout: 'nhwc',
    meta: { source: 'whittle', ...(classes ? { classes } : {}), ...(dataset === undefined ? {} : { dataset }) },
    ...(activationGrids ? { activationGrids } : {}),
  };
}
