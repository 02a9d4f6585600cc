/** Progress of parts of a pass's work: a half of a quarter is where it belongs, training included. */
import { expect, it } from 'vitest';
import { within } from '#core/passes/shared/within';
import { plainContext } from './helpers';

it('scales what is told, and what training tells', async () => {
  const told: number[] = [];
  const context = plainContext(1, {
    progress: (done) => {
      told.push(done);
    },
    train: async (objective, _hooks, own) => {
      own?.(0.5);
      return objective.model;
    },
  });
  const quarter = within(context, 0.25, 0.25);
  quarter.progress(0);
  quarter.progress(1);
  const half = within(quarter, 0.5, 0.5);
  half.progress(0.5);
  await half.train({ model: null } as never);
  expect(told).toEqual([0.25, 0.5, 0.4375, 0.4375]);
});
