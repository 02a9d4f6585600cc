/** Timing by a clock and a backend of the test's own: each run takes exactly as long as the test says. */
import { describe, expect, it } from 'vitest';
import type { Architecture } from '#core/architecture';
import { createModel } from '#core/model/create';
import type { EnsemblePredictor, Predictor } from '#core/predictor';
import type { Backend } from '#engine/backend';
import { measureLatency } from '#engine/latency';

const line: Architecture = {
  name: 'Line',
  input: [4, 1, 1],
  classes: 2,
  rows: [{ kind: 'flatten' }, { kind: 'dense', units: 2, activation: 'linear', bias: false }],
};
const model: Predictor = { kind: 'model', model: createModel(line, 1) };

/** A backend on which run number i takes `cost(i)` milliseconds, and a clock that ticks every `tick`. */
function setting(cost: (run: number) => number, tick: number) {
  let time = 0;
  let runs = 0;
  const counts = { dispatches: 0, uploads: 0, readbacks: 0, live: 0, bytes: 0 };
  const backend: Backend = {
    id: 'cpu',
    description: 'fake',
    software: false,
    compile: async () => ({
      write: () => undefined,
      run() {
        time += cost(runs++);
      },
      read: async () => new Float32Array(2),
      dispose: () => undefined,
    }),
    counts: () => counts,
    dispose: () => undefined,
  };
  return { backend, now: () => Math.floor(time / tick) * tick, runs: () => runs };
}

describe('measureLatency', () => {
  it('tells a run far shorter than the clock’s tick', async () => {
    const { backend, now, runs } = setting(() => 0.003, 0.1);
    const result = await measureLatency(backend, model, undefined, now);
    expect(result).toMatchObject({ backend: 'cpu', runs: 30 });
    // A sample of at least 2 ms on a clock of 0.1 ms is at most 5 % off.
    expect(Math.abs(result.medianMs / 0.003 - 1)).toBeLessThan(0.05);
    expect(runs()).toBeGreaterThan(30 * (2 / 0.003));
    expect(runs()).toBeLessThan(30 * (4 / 0.003));
  });

  it('times slow runs one by one: the median and the 95th percentile of 30', async () => {
    // After five to warm up, two of thirty take ten times as long.
    const { backend, now, runs } = setting((run) => (run === 10 || run === 20 ? 50 : 5), 0.1);
    const result = await measureLatency(backend, model, undefined, now);
    expect(runs()).toBe(35);
    expect(result.medianMs).toBeCloseTo(5, 6);
    expect(result.p95Ms).toBeGreaterThan(5);
  });

  it('takes more together, and starts over, where runs become shorter', async () => {
    const { backend, now } = setting((run) => (run < 20 ? 5 : 0.01), 0.005);
    const result = await measureLatency(backend, model, undefined, now);
    expect(result.medianMs).toBeCloseTo(0.01, 3);
  });

  it('ends on a clock that stands still, and when aborted', async () => {
    const still = setting(() => 0, 1);
    expect(await measureLatency(still.backend, model, undefined, still.now)).toMatchObject({ medianMs: 0, runs: 30 });
    const abort = new AbortController();
    abort.abort();
    await expect(measureLatency(still.backend, model, abort.signal, still.now)).rejects.toThrow(/abort/i);
  });

  it('adds members up, each by the share of images for which it is asked', async () => {
    const { backend, now } = setting(() => 5, 0.1);
    const members: Predictor[] = [1, 2, 3].map((seed) => ({ kind: 'model', model: createModel(line, seed) }));
    const ensemble = (state: EnsemblePredictor['state'], of = members): Predictor => ({
      kind: 'ensemble',
      way: 'cascade',
      values: {},
      members: of,
      state,
    });
    const time = async (predictor: Predictor) => (await measureLatency(backend, predictor, undefined, now)).medianMs;
    expect(await time(ensemble({}))).toBeCloseTo(15, 6);
    expect(await time(ensemble({ reach: [1, 0.2, 0] }))).toBeCloseTo(6, 6);
    // The same model twice is run once.
    const [first] = members as [Predictor];
    expect(await time(ensemble({}, [first, first]))).toBeCloseTo(5, 6);
  });
});
