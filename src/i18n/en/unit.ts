/** Units, as they stand behind a number. */
export const unit = {
  imagesPerSecond: 'images/s',
  images: 'images',
  second: 's',
  minute: 'min',
  hour: 'h',
  millisecond: 'ms',
  microsecond: 'µs',
  macs: 'MACs',
  parameters: 'parameters',
  decibel: 'dB',
  /** Between the things of a list. */
  and: ', ',
};
