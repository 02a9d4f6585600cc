import type { Handler } from '#worker/call';
import { answer } from '#worker/calls/preview';
import type { SweepPoint } from '#worker/protocol';

/** Parameters up to which the file of every position is written. */
const quicklyWritten = 60_000;

/** The slider's other positions, one after the other, whenever nothing else is to be done. */
export const sweep: Handler<'sweep'> = async ({ param, values, ...question }, { session, signal, progress }) => {
  const points: SweepPoint[] = [];
  for (const value of values) {
    const step = { ...question.step, values: { ...question.step.values, [param]: value } };
    const result = await session.scheduler.run(
      'sweep',
      (between) => answer(session, { ...question, step, rest: false }, { signal, between, writeUpTo: quicklyWritten }),
      { signal },
    );
    const point = { value, ...result };
    points.push(point);
    progress(point);
  }
  return points;
};
