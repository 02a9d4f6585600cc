/** Choosing a backend: by measured speed, never one that computes wrongly, and never emulated graphics unasked. */
import { describe, expect, it } from 'vitest';
import { type Backend, BackendError, type BackendId } from '#engine/backend';
import { makeCpuBackend } from '#engine/backends/cpu';
import { type BackendReport, type Candidate, startBackends } from '#engine/choose';

/** The cpu backend under another name, `slowness` times slower by a clock of its own, or wrong in its last digit places. */
function pretend(
  id: BackendId,
  options: { slowness?: number; software?: boolean; wrong?: boolean; missing?: string; log?: string[] },
  clock: { time: number },
): Candidate {
  const { slowness = 1, software = false, wrong = false, missing, log = [] } = options;
  const found = { description: `pretended ${id}`, software };
  return {
    id,
    probe: async () => {
      if (missing) throw new BackendError('unavailable', missing);
      return found;
    },
    load: async () => async (): Promise<Backend> => {
      log.push(`make ${id}`);
      const cpu = await makeCpuBackend();
      return {
        ...cpu,
        id,
        ...found,
        async compile(plan) {
          const program = await cpu.compile(plan);
          // Timing needs only the clock: the small network's arithmetic would make this test slow.
          const timed = plan.slots.some((slot) => slot.shape[0] === 64);
          return {
            ...program,
            run() {
              clock.time += slowness;
              if (!timed) program.run();
            },
            read: async (slot) => (await program.read(slot)).map((value) => (wrong ? value * 1.02 : value)),
          };
        },
        dispose: () => log.push(`dispose ${id}`),
      };
    },
  };
}

async function start(asked: BackendId | 'auto', make: (clock: { time: number }) => Candidate[]) {
  const clock = { time: 0 };
  const told: BackendReport[] = [];
  const started = await startBackends(asked, (report) => told.push(report), {
    now: () => clock.time,
    candidates: make(clock),
  });
  return { ...started, told, of: (id: BackendId) => started.reports.find((report) => report.name === id) };
}

describe('startBackends', () => {
  it('takes the fastest and gives the others back', async () => {
    const log: string[] = [];
    const { backend, of, told } = await start('auto', (clock) => [
      pretend('wasm', { slowness: 20, log }, clock),
      pretend('webgpu', { slowness: 4, log }, clock),
    ]);
    expect(backend.id).toBe('webgpu');
    expect(of('wasm')?.imagesPerSecond).toBeCloseTo(64000 / 20);
    expect(of('webgpu')?.imagesPerSecond).toBeCloseTo(64000 / 4);
    expect(log).toEqual(['make wasm', 'make webgpu', 'dispose wasm']);
    expect(told.map(({ name }) => name)).toEqual(['wasm', 'webgpu']);
  });

  it('refuses a backend that computes wrongly, however fast, and says so', async () => {
    const { backend, of } = await start('auto', (clock) => [
      pretend('wasm', { slowness: 20 }, clock),
      pretend('webgpu', { slowness: 1, wrong: true }, clock),
    ]);
    expect(backend.id).toBe('wasm');
    expect(of('webgpu')).toMatchObject({ available: false, reason: expect.stringContaining('computes wrongly') });
  });

  it('names emulated graphics without starting it', async () => {
    const log: string[] = [];
    const { backend, of } = await start('auto', (clock) => [
      pretend('wasm', { slowness: 20, log }, clock),
      pretend('webgpu', { slowness: 1, software: true, log }, clock),
    ]);
    expect(backend.id).toBe('wasm');
    expect(of('webgpu')).toMatchObject({
      available: true,
      software: true,
      reason: expect.stringContaining('Emulated'),
    });
    expect(of('webgpu')?.imagesPerSecond).toBeUndefined();
    expect(log).toEqual(['make wasm']);
  });

  it('starts emulated graphics where it is asked for', async () => {
    const { backend, of } = await start('webgpu', (clock) => [
      pretend('wasm', { slowness: 2 }, clock),
      pretend('webgpu', { slowness: 900, software: true }, clock),
    ]);
    expect(backend.id).toBe('webgpu');
    expect(of('webgpu')?.imagesPerSecond).toBeCloseTo(64000 / 900);
    expect(of('wasm')).toMatchObject({ available: true, reason: expect.stringContaining('asked for') });
  });

  it('falls back, with the reason, where the one asked for is missing', async () => {
    const { backend, of } = await start('webgpu', (clock) => [
      pretend('wasm', {}, clock),
      pretend('webgpu', { missing: 'no adapter' }, clock),
    ]);
    expect(backend.id).toBe('wasm');
    expect(of('webgpu')).toMatchObject({ available: false, reason: 'no adapter' });
  });

  it('takes emulated graphics rather than nothing, and says when there is nothing', async () => {
    const only = await start('auto', (clock) => [
      pretend('wasm', { missing: 'no SIMD' }, clock),
      pretend('webgl', { software: true }, clock),
    ]);
    expect(only.backend.id).toBe('webgl');
    await expect(start('auto', (clock) => [pretend('wasm', { missing: 'no SIMD' }, clock)])).rejects.toMatchObject({
      code: 'backend',
    });
  });
});
