/** 单位。 */
import type { Texts } from '#i18n/en';

export const unit: Texts['unit'] = {
  imagesPerSecond: '张/秒',
  images: '张',
  second: '秒',
  minute: '分',
  hour: '时',
  millisecond: '毫秒',
  microsecond: '微秒',
  macs: 'MACs',
  parameters: '个参数',
  decibel: 'dB',
  and: '、',
};
