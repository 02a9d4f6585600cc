import { describe, expect, test } from 'vitest';
import { en } from '#i18n/en';
import { zh } from '#i18n/zh';
import { timesLess } from '#ui/kit/changes.ts';
import { makeFormat } from '#ui/kit/format.ts';

const format = makeFormat('en', en.unit);
/** No-break spaces look like spaces. */
const plain = (text: string) => text.replaceAll('\u00a0', ' ');

describe('numbers as people read them', () => {
  test('counts and short counts', () => {
    expect(format.count(431080)).toBe('431,080');
    expect(plain(format.short(431080))).toBe('431 k');
    expect(plain(format.short(1_720_000))).toBe('1.72 M');
    expect(plain(format.short(2_293_000_000))).toBe('2.29 G');
    expect(format.short(812)).toBe('812');
    expect(plain(format.short(999_600))).toBe('1 M');
  });

  test('how many times less, where it is more than once', () => {
    expect(timesLess(1.68, format)).toBe('1.7');
    expect(timesLess(1.05, format)).toBe('1.1');
    expect(timesLess(1.0068, format)).toBeNull();
    expect(timesLess(0.8, format)).toBeNull();
  });

  test('bytes are decimal', () => {
    expect(plain(format.bytes(812))).toBe('812 B');
    expect(plain(format.bytes(43_210))).toBe('43.2 kB');
    expect(plain(format.bytes(1_720_000))).toBe('1.72 MB');
  });

  test('shares, intervals, times and rates carry their unit', () => {
    expect(plain(format.percent(0.98516))).toBe('98.52 %');
    expect(plain(format.percent(1, 0))).toBe('100 %');
    expect(plain(format.range(0.951, 0.98429, 1))).toBe('95.1–98.4 %');
    expect(plain(format.milliseconds(0.41234))).toBe('0.412 ms');
    expect(plain(format.milliseconds(0.003934))).toBe('3.93 µs');
    expect(plain(format.milliseconds(0))).toBe('0 ms');
    expect(plain(format.rate(1719.6))).toBe('1,720 images/s');
    expect(plain(makeFormat('zh', zh.unit).rate(1719.6))).toBe('1,720 张/秒');
  });

  test('durations', () => {
    expect(plain(format.duration(0))).toBe('0.0 s');
    expect(plain(format.duration(0.0412))).toBe('41.2 ms');
    expect(plain(format.duration(0.43))).toBe('0.4 s');
    expect(plain(format.duration(12.3))).toBe('12 s');
    expect(plain(format.duration(185))).toBe('3 min 05 s');
    expect(plain(format.duration(3725))).toBe('1 h 02 min');
    expect(format.duration(Number.POSITIVE_INFINITY)).toBe('–');
  });
});
