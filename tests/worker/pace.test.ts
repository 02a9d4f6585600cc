/** The time left of a step of several trainings. */
import { expect, it } from 'vitest';
import { stepPace } from '#worker/calls/pace';
import type { TrainProgress } from '#worker/protocol';

const told = (step: number, totalSteps: number, secondsLeft: number): TrainProgress => ({
  point: { step, epoch: 0, trainLoss: 1, trainAccuracy: 0.5 },
  totalSteps,
  imagesPerSecond: 1000,
  secondsLeft,
  state: 'running',
});

it('is that of the training where the training is all', () => {
  const pace = stepPace();
  expect(pace(0.1, told(10, 100, 90)).secondsLeft).toBe(90);
  expect(pace(0.5, told(50, 100, 40)).secondsLeft).toBeCloseTo(40, 10);
  expect(pace(1, told(100, 100, 0)).secondsLeft).toBe(0);
});

it('is that of all rounds, from the first round on', () => {
  // Four rounds of 10 seconds: after half of the first, 5 seconds of it are left and 35 of all.
  const pace = stepPace();
  pace(0.05, told(20, 100, 8));
  expect(pace(0.125, told(50, 100, 5)).secondsLeft).toBeCloseTo(35, 10);
  expect(pace(0.25, told(100, 100, 0)).secondsLeft).toBeCloseTo(30, 10);
  // The second round's first telling goes on with the pace that is known; its second one measures anew: it is slower.
  expect(pace(0.275, told(10, 100, 18)).secondsLeft).toBeCloseTo(29, 10);
  expect(pace(0.375, told(50, 100, 10)).secondsLeft).toBeCloseTo(50, 10);
});

it('tells rounds of one length apart, also where the next begins further on', () => {
  const pace = stepPace();
  pace(0.02, told(2, 50, 48));
  pace(0.5, told(50, 50, 0));
  expect(pace(0.6, told(10, 50, 40)).secondsLeft).toBeCloseTo(40, 0);
  expect(pace(0.9, told(40, 50, 10)).secondsLeft).toBeCloseTo(10, 10);
});

it('takes what comes before and behind the trainings as work like theirs', () => {
  const pace = stepPace();
  pace(0.2, told(0, 10, 60));
  expect(pace(0.5, told(5, 10, 30)).secondsLeft).toBeCloseTo(50, 10);
});
