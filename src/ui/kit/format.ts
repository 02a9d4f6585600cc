/**
 * Numbers as people read them, each with its unit: Intl does the digits, so both languages get their own. Bytes are
 * decimal (kB = 1,000 B), shares become percent, large counts get k, M or G where room is short.
 */
import type { Texts } from '#i18n/en';

/** A no-break space, so that a number never leaves its unit. */
const NB = '\u00a0';
const STEPS = [
  ['', 1],
  ['k', 1e3],
  ['M', 1e6],
  ['G', 1e9],
  ['T', 1e12],
] as const;

export interface Format {
  /** 431,080 */
  count(value: number): string;
  /** 431 k, 1.72 M: three significant digits. */
  short(value: number): string;
  /** 812 B, 43.2 kB, 1.72 MB. */
  bytes(value: number): string;
  /** 0.1 kB, 1,234.5 kB: what somebody sets, so never shortened. */
  kilobytes(value: number): string;
  /** A share of 0 to 1 as 98.52 %. */
  percent(share: number, digits?: number): string;
  /** 95.10 to 98.43 % of an interval of shares. */
  range(low: number, high: number, digits?: number): string;
  /** 3.93 µs, 0.412 ms, 12.3 ms. */
  milliseconds(value: number): string;
  /** 1,720 images/s. */
  rate(imagesPerSecond: number): string;
  /** 0.4 s, 12 s, 3 min 05 s, 1 h 02 min. */
  duration(seconds: number): string;
  /** 2.1, 10.8, 108: a ratio without its sign. */
  ratio(value: number): string;
  /** A plain number with exactly `digits` decimals. */
  fixed(value: number, digits: number): string;
  /** A plain number with at most `digits` decimals. */
  number(value: number, digits?: number): string;
}

/** Formats for one language. `unit` are that language's unit words. */
export function makeFormat(locale: 'en' | 'zh', unit: Texts['unit']): Format {
  const tag = locale === 'zh' ? 'zh-CN' : 'en';
  const cache = new Map<string, Intl.NumberFormat>();
  const digitsOf = (value: number, options: Intl.NumberFormatOptions): string => {
    const key = JSON.stringify(options);
    const format = cache.get(key) ?? new Intl.NumberFormat(tag, options);
    cache.set(key, format);
    return format.format(value);
  };
  const significant = (value: number) => digitsOf(value, { maximumSignificantDigits: 3 });
  const fixed = (value: number, digits: number) =>
    digitsOf(value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const scaled = (value: number): readonly [string, string] => {
    const [prefix, size] = STEPS.findLast(([, least]) => Math.abs(value) >= 0.9995 * least) ?? ['', 1];
    return [prefix === '' ? digitsOf(value, { maximumFractionDigits: 2 }) : significant(value / size), prefix];
  };
  const count = (value: number) => digitsOf(value, { maximumFractionDigits: 0 });
  return {
    count,
    short: (value) => {
      const [digits, prefix] = scaled(value);
      return prefix ? digits + NB + prefix : digits;
    },
    bytes: (value) => {
      const [digits, prefix] = scaled(value);
      return `${digits}${NB}${prefix}B`;
    },
    kilobytes: (value) => `${digitsOf(value, { maximumFractionDigits: 4 })}${NB}kB`,
    percent: (share, digits = 2) => `${fixed(share * 100, digits)}${NB}%`,
    range: (low, high, digits = 2) => `${fixed(low * 100, digits)}–${fixed(high * 100, digits)}${NB}%`,
    milliseconds: (value) =>
      value > 0 && value < 0.0995
        ? `${significant(1000 * value)}${NB}${unit.microsecond}`
        : `${significant(value)}${NB}${unit.millisecond}`,
    rate: (value) => `${value < 10 ? significant(value) : count(value)}${NB}${unit.imagesPerSecond}`,
    duration: (seconds) => {
      if (!Number.isFinite(seconds)) return '–';
      // What took no tenth of a second took some time all the same.
      if (seconds > 0 && seconds < 0.05) return `${significant(1000 * seconds)}${NB}${unit.millisecond}`;
      if (seconds < 9.95) return `${fixed(Math.max(0, seconds), 1)}${NB}${unit.second}`;
      const whole = Math.round(seconds);
      if (whole < 60) return `${count(whole)}${NB}${unit.second}`;
      const pad = (value: number) => digitsOf(value, { minimumIntegerDigits: 2 });
      const minutes = Math.floor(whole / 60);
      if (minutes < 60) return `${count(minutes)}${NB}${unit.minute}${NB}${pad(whole % 60)}${NB}${unit.second}`;
      return `${count(Math.floor(minutes / 60))}${NB}${unit.hour}${NB}${pad(minutes % 60)}${NB}${unit.minute}`;
    },
    ratio: (value) => (value < 100 ? digitsOf(value, { maximumSignificantDigits: value < 10 ? 2 : 3 }) : count(value)),
    fixed,
    number: (value, digits = 4) => digitsOf(value, { maximumFractionDigits: digits }),
  };
}
