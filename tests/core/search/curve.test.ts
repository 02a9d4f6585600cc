import { describe, expect, it } from 'vitest';
import { accuracyAt, fitPowerLaw, LEAST_POINTS, type PowerLaw } from '#core/search/curve';

const lawful = (a: number, b: number, c: number, epochs: readonly number[]) =>
  epochs.map((epoch) => ({ epoch, accuracy: 1 - a - b * epoch ** -c }));

describe('a power law', () => {
  it('is found where there is one: 1 − 0.02 − 0.3 / √n', () => {
    const law = fitPowerLaw(lawful(0.02, 0.3, 0.5, [1, 2, 3, 4, 6, 8])) as PowerLaw;
    expect(law.c).toBeCloseTo(0.5, 3);
    expect(law.a).toBeCloseTo(0.02, 3);
    expect(law.b).toBeCloseTo(0.3, 3);
    expect(law.residual).toBeLessThan(1e-4);
    // At 100 epochs: 1 − 0.02 − 0.3 / 10 = 0.95.
    expect(accuracyAt(law, 100)).toBeCloseTo(0.95, 3);
  });

  it('never promises more than there is: a curve that falls or stands is flat from its mean', () => {
    const falls = fitPowerLaw([
      { epoch: 1, accuracy: 0.9 },
      { epoch: 2, accuracy: 0.8 },
      { epoch: 3, accuracy: 0.7 },
      { epoch: 4, accuracy: 0.6 },
    ]) as PowerLaw;
    expect(falls.b).toBe(0);
    expect(accuracyAt(falls, 1000)).toBeCloseTo(0.75, 9);
    const stands = fitPowerLaw(lawful(0.1, 0, 1, [1, 2, 3, 4])) as PowerLaw;
    expect(accuracyAt(stands, 50)).toBeCloseTo(0.9, 9);
  });

  it('keeps the error that remains at 0 or above', () => {
    // Error 0.4, 0.2, 0.05, 0: a straight fit would end below 0.
    const law = fitPowerLaw([0.6, 0.8, 0.95, 1].map((accuracy, i) => ({ epoch: i + 1, accuracy }))) as PowerLaw;
    expect(law.a).toBeGreaterThanOrEqual(0);
    expect(accuracyAt(law, 1e6)).toBeLessThanOrEqual(1);
  });

  it('asks for enough points, of which those before the first step and those that are no number do not count', () => {
    expect(LEAST_POINTS).toBe(4);
    expect(fitPowerLaw(lawful(0.1, 0.2, 1, [1, 2, 3]))).toBeNull();
    expect(fitPowerLaw([...lawful(0.1, 0.2, 1, [1, 2, 3]), { epoch: 0, accuracy: 0.1 }])).toBeNull();
    expect(fitPowerLaw([...lawful(0.1, 0.2, 1, [1, 2, 3]), { epoch: 4, accuracy: Number.NaN }])).toBeNull();
  });
});
