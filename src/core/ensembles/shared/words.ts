/** Sentences that several ways share. */
import type { Words } from '#core/params';

export const ALL_RUN: Words = {
  en: 'Every member runs for every image: parameters, file, multiplications and time add up.',
  zh: '每张图片都要运行所有成员：参数、文件、乘法次数和时间都相加。',
};
