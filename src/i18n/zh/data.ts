/** “数据”页的文字。 */
import type { Texts } from '#i18n/en';

export const data: Texts['data'] = {
  title: '数据',
  intro: '网络从带有正确答案的图片中学习。请选择用哪些图片。',
  dataset: '数据集',
  loading: '正在加载 {{name}}',
  again: '重试',
  image: '图片',
  grey: '灰度像素',
  size: '加载大小',
  sizeNote: '只需一次',
  classes: '类别',
  parts: '三个部分，互不混用',
  part: { train: '训练', validation: '验证', test: '测试' },
  partHelp: {
    train: '网络从这些图片中学习。',
    validation: '您据此做选择：滑块、图表及其前沿。',
    test: '每个模型做成时只看一次，谁也不据此做选择。',
  },
  samples: '训练部分的样例',
  samplesLabel: '{{count}} 张样例图片及其标签：{{labels}}',
  counts: '各类别的图片数',
  countsCaption: '三个部分中各类别的图片数',
  class: '类别',
  next: '下一步：选择网络',
};
