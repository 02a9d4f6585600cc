/**
 * Writing anything that predicts. A model, and an ensemble that one graph can hold, go out in any format; every other
 * ensemble, and trees, as a zip of their members with what asks them.
 */
import { asOneModel } from '#core/ensembles/graph';
import type { Model } from '#core/model/model';
import type { Predictor } from '#core/predictor';
import type { WriteOptions, WriteResult } from '#formats/format';
import { type FormatId, formatById } from '#formats/index';
import { refuseToWrite } from '#formats/refuse';

/** The model that a predictor is or can be written as, under this name; null where it has to be several files. */
export function graphOf(predictor: Predictor, name: string): Model | null {
  switch (predictor.kind) {
    case 'model':
      return { ...predictor.model, name };
    case 'ensemble':
      return asOneModel(predictor, name);
    case 'trees':
      return null;
    default:
      throw predictor satisfies never;
  }
}

/** `name`: what it is called now, which names the file and stands in it where the format has a place for it. Throws WriteError. */
export async function writePredictor(
  predictor: Predictor,
  name: string,
  formatId: FormatId,
  options: WriteOptions,
): Promise<WriteResult> {
  const format = formatById(formatId);
  const model = graphOf(predictor, name);
  if (model && format.write) return format.write(model, options);
  if (formatId === 'tfjs-layers' && predictor.kind !== 'model') {
    const { writeEnsemble } = await import('#formats/ensemble/write');
    return writeEnsemble(predictor, name, options);
  }
  return refuseToWrite(
    'several',
    '',
    {
      en: `This format holds one graph, and ${predictor.kind === 'trees' ? 'trees are' : 'this way of combining is'} more than a graph can say.`,
      zh: `此格式只能保存一个计算图，而${predictor.kind === 'trees' ? '树' : '这种组合方式'}无法用计算图表示。`,
    },
    {
      en: 'Export it for TensorFlow.js: members, a manifest and a loader in one zip.',
      zh: '请导出为 TensorFlow.js：成员、清单和加载器在同一个压缩包中。',
    },
  );
}
