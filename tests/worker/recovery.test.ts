/** Training goes on when its device is lost, when its worker dies, and after a reload, and ends where it would have ended. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Architecture } from '#core/architecture';
import { type Backend, BackendError } from '#engine/backend';
import { makeCpuBackend } from '#engine/backends/cpu';
import { EngineError } from '#engine/errors';
import type { Calls, TrainProgress } from '#worker/protocol';
import { memoryFiles } from '#worker/vault/files';
import { makeSetting, SETTINGS, type Setting, served } from './setting';

const architecture: Architecture = {
  name: 'Tiny',
  input: [8, 8, 1],
  classes: 10,
  rows: [
    { kind: 'flatten' },
    { kind: 'dropout', rate: 0.1 },
    { kind: 'dense', units: 16, activation: 'relu', bias: true },
    { kind: 'dense', units: 10, activation: 'linear', bias: true },
  ],
};
const settings: Calls['train']['request']['settings'] = {
  ...SETTINGS,
  schedule: { kind: 'cosine' },
  epochs: 2,
};
/** Batches: 37 an epoch. */
const steps = 74;

/** A backend that fails after `at` runs (training steps and evaluated batches both count): lost for good, or once out of memory. */
async function failing(at: number, code: 'lost' | 'memory' = 'lost'): Promise<Backend> {
  const backend = await makeCpuBackend();
  let runs = 0;
  return {
    ...backend,
    async compile(plan) {
      const program = await backend.compile(plan);
      return {
        ...program,
        run() {
          runs++;
          if (code === 'lost' ? runs > at : runs === at + 1) throw new BackendError(code, 'unplugged');
          program.run();
        },
      };
    },
  };
}
async function begin(
  setting: Setting,
  resume: boolean,
  onProgress: (progress: TrainProgress) => void = () => undefined,
  signal?: AbortSignal,
) {
  const { id } = await setting.call('create', { architecture, seed: 1 });
  const request = { model: id, dataset: 'digits', settings, paused: false, resume } as const;
  const steps = (told: Calls['train']['progress']): void => {
    if (!('compiling' in told)) onProgress(told);
  };
  return setting.call('train', request, { onProgress: steps, ...(signal ? { signal } : {}) });
}
/** A worker's life until the run has done `until` batches: what is on the disk then is all that is left of it. */
async function die(files: ReturnType<typeof memoryFiles>, until: number): Promise<void> {
  const setting = makeSetting({ files, checkpointEvery: 0 });
  await new Promise<void>((resolve) => {
    const onProgress = ({ point }: TrainProgress): void => {
      if (point.step >= until) resolve();
    };
    // Nothing hears of this worker again: its files are taken away from it.
    void begin(setting, false, onProgress).catch(() => undefined);
  });
}
/** A disk that can be taken away from whoever writes to it. */
function disk() {
  const files = memoryFiles();
  let gone = false;
  return {
    kept: { ...files, persistent: true },
    files: {
      ...files,
      persistent: true,
      write: (name: string, bytes: Uint8Array) =>
        gone ? new Promise<void>(() => undefined) : files.write(name, bytes),
      remove: (name: string) => (gone ? new Promise<void>(() => undefined) : files.remove(name)),
    },
    take: () => {
      gone = true;
    },
  };
}
/** A server that is back after one answer. */
function downOnce(): typeof fetch {
  let isDown = true;
  return (...asked) => {
    if (!isDown) return served(...asked);
    isDown = false;
    return Promise.resolve(new Response('', { status: 503 }));
  };
}

let undisturbed: Calls['train']['response'];
beforeAll(async () => {
  undisturbed = await begin(makeSetting(), false);
});

describe('a lost device', () => {
  it('does not end the run: it goes on from the last checkpoint on another backend, to the same model', async () => {
    const lifetimes = [60, Number.POSITIVE_INFINITY];
    const setting = makeSetting({ checkpointEvery: 0, makeBackend: () => failing(lifetimes.shift() as number) });
    const seen: number[] = [];
    const result = await begin(setting, false, ({ point }) => seen.push(point.step));
    expect(result.model.id).toBe(undisturbed.model.id);
    expect(result.test).toEqual(undisturbed.test);
    expect(seen.at(-1)).toBe(steps);
    expect(setting.taken).toEqual(['cpu']);
    expect(setting.notices).toHaveLength(1);
    expect(setting.notices[0]).toMatchObject({ code: 'resumed' });
    expect(setting.notices[0]?.words.en).toMatch(/^The device was lost; training goes on from epoch [01]\.\d\.$/);
    expect(await setting.call('interrupted', {})).toBeNull();
  });

  it('that is lost again and again is reported, and what was learned can still go on', async () => {
    const setting = makeSetting({ checkpointEvery: 0, makeBackend: () => failing(5) });
    await expect(begin(setting, false)).rejects.toMatchObject({ code: 'backend-lost' });
    expect(setting.notices.filter(({ code }) => code === 'resumed')).toHaveLength(3);
    const run = await setting.call('interrupted', {});
    expect(run?.epoch).toBeGreaterThan(5 / 37);
    expect(await setting.call('interrupted', { discard: true })).toBeNull();
  });
});

describe('a worker that died while training', () => {
  it('leaves a checkpoint from which the next one ends in the same model', async () => {
    const { files, kept, take } = disk();
    await die(files, 40);
    take();
    const next = makeSetting({ files: kept, checkpointEvery: 0 });
    const run = await next.call('interrupted', {});
    expect(run).toMatchObject({ dataset: 'digits', settings });
    expect(run?.epoch).toBeGreaterThanOrEqual(1);
    expect(run?.trace.every(({ epoch }) => epoch <= (run?.epoch ?? 0))).toBe(true);
    const seen: number[] = [];
    const result = await begin(next, true, ({ point }) => seen.push(point.epoch));
    expect(seen[0]).toBeGreaterThan(run?.epoch as number);
    expect(result.model.id).toBe(undisturbed.model.id);
    expect(await next.call('interrupted', {})).toBeNull();
  });

  it.each([true, false])('is left as it is where the data set cannot be had, asked to go on: %s', async (resume) => {
    const { files, kept, take } = disk();
    await die(files, 40);
    take();
    const next = makeSetting({ files: kept, checkpointEvery: 0, fetch: downOnce() });
    await expect(begin(next, resume)).rejects.toMatchObject({ code: 'dataset-fetch' });
    expect((await next.call('interrupted', {}))?.epoch).toBeGreaterThanOrEqual(1);
    const seen: number[] = [];
    const result = await begin(next, true, ({ point }) => seen.push(point.epoch));
    expect(seen[0]).toBeGreaterThan(1);
    expect(result.model.id).toBe(undisturbed.model.id);
  });

  it('is not taken up by a run with other settings', async () => {
    const { files, kept, take } = disk();
    await die(files, 20);
    take();
    const next = makeSetting({ files: kept });
    const { id } = await next.call('create', { architecture, seed: 1 });
    const other = await next.call('train', {
      model: id,
      dataset: 'digits',
      settings: { ...settings, seed: 4 },
      paused: false,
      resume: true,
    });
    expect(other.model.id).not.toBe(undisturbed.model.id);
    expect(await next.call('interrupted', {})).toBeNull();
  });
});

describe('a recipe that is being applied when the engine ends', () => {
  const steps = [
    { pass: 'magnitude-pruning', values: { sparsity: 0.5 } },
    { pass: 'fine-tuning', values: { epochs: 2, batchSize: 32 } },
    { pass: 'fine-tuning', values: { epochs: 8, batchSize: 32, learningRate: 0.001 } },
    { pass: 'weight-quantization', values: { bits: 4 } },
  ];
  type Progress = Calls['apply']['progress'];
  async function applied(
    setting: Setting,
    resume: boolean,
    onProgress: (progress: Progress) => void = () => undefined,
    asked: Partial<Calls['apply']['request']> = {},
  ) {
    const { id } = await setting.call('create', { architecture, seed: 1 });
    const recipe = { version: 1, seed: 5, steps } as const;
    const request = { model: id, dataset: 'digits', recipe, name: 'made', parents: {}, resume, ...asked } as const;
    return setting.call('apply', request, { onProgress });
  }
  /** An engine's life until the third step has trained that far at least; then its files are taken away. */
  async function ended(epoch: number): Promise<ReturnType<typeof memoryFiles>> {
    const { files, kept, take } = disk();
    const setting = makeSetting({ files, checkpointEvery: 0 });
    await new Promise<void>((resolve) => {
      void applied(setting, false, ({ step, train }) => {
        if (step === 2 && (train?.point.epoch ?? 0) >= epoch) resolve();
      }).catch(() => undefined);
    });
    take();
    return kept;
  }

  it('goes on in the next one: nothing done is done again, and the model is the same', async () => {
    const whole = await applied(makeSetting(), false);
    const next = makeSetting({ files: await ended(1), checkpointEvery: 0 });
    const seen: Progress[] = [];
    const result = await applied(next, true, (progress) => seen.push(progress));
    expect(result.model.id).toBe(whole.model.id);
    expect(result.reports).toEqual(whole.reports);
    expect(result.notes).toEqual(whole.notes);
    expect(result.test).toEqual(whole.test);
    // Neither the first two steps, of which only what they gave is told again, nor the third one's first epoch.
    expect(seen.slice(0, 2)).toEqual(whole.reports.slice(0, 2).map((outcome) => expect.objectContaining({ outcome })));
    expect(seen.slice(2).every(({ step }) => step >= 2)).toBe(true);
    expect(Math.min(...seen.flatMap(({ train }) => (train ? [train.point.epoch] : [])))).toBeGreaterThan(0.9);
    const told = seen.flatMap(({ goesOn }) => goesOn ?? []);
    expect(told).toHaveLength(1);
    expect(told[0]?.en).toMatch(/^Step 3 \(.+\) goes on from epoch [1-7]\.\d\.$/);
    expect(await (await next.session.vault).applying.read()).toBeNull();
  });

  it('goes on after a reload, which tells how far it is and forgets what is on no page', async () => {
    const whole = await applied(makeSetting(), false);
    const next = makeSetting({ files: await ended(1), checkpointEvery: 0 });
    const { id } = await next.call('create', { architecture, seed: 1 });
    await next.call('held', { models: [id], keepOnly: true });
    const left = await next.call('interruptedRecipe', {});
    expect(left?.done).toBe(2);
    expect(left?.epoch).toBeGreaterThan(0.9);
    const seen: number[] = [];
    const result = await applied(next, true, ({ step, outcome }) => outcome ?? seen.push(step));
    expect(result.model.id).toBe(whole.model.id);
    expect(result.reports).toEqual(whole.reports);
    expect(result.test).toEqual(whole.test);
    expect(Math.min(...seen)).toBe(2);
    expect(await next.call('interruptedRecipe', {})).toBeNull();
  });

  it.each([true, false])('is left as it is where the data set cannot be had, asked to go on: %s', async (resume) => {
    const whole = await applied(makeSetting(), false);
    const next = makeSetting({ files: await ended(1), checkpointEvery: 0, fetch: downOnce() });
    await expect(applied(next, resume)).rejects.toMatchObject({ code: 'dataset-fetch' });
    expect(await next.call('interruptedRecipe', {})).toMatchObject({ done: 2 });
    const seen: number[] = [];
    const result = await applied(next, true, ({ step, outcome }) => outcome ?? seen.push(step));
    expect(result.model.id).toBe(whole.model.id);
    expect(Math.min(...seen)).toBe(2);
  });

  it('is left as it is where no backend can be had', async () => {
    const kept = await ended(1);
    const none = new EngineError('backend', { en: 'none', zh: '' });
    const next = makeSetting({ files: kept, makeBackend: () => Promise.reject(none) });
    await expect(applied(next, true)).rejects.toMatchObject({ code: 'engine-backend' });
    expect(await next.call('interruptedRecipe', {})).toMatchObject({ done: 2 });
  });

  it('is let go where it is given up, or where the method itself refuses', async () => {
    const files = await ended(0.5);
    const stop = new AbortController();
    const waits: typeof fetch = (_, { signal } = {}) =>
      new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    const next = makeSetting({ files, fetch: waits });
    const { id } = await next.call('create', { architecture, seed: 1 });
    const request = { model: id, dataset: 'digits', name: 'made', parents: {}, resume: true } as const;
    const given = next.call('apply', { ...request, recipe: { version: 1, seed: 5, steps } }, { signal: stop.signal });
    setTimeout(() => stop.abort(), 20);
    await expect(given).rejects.toMatchObject({ code: 'aborted' });
    expect(await next.call('interruptedRecipe', {})).toBeNull();
    const other = makeSetting({ files: await ended(0.5) });
    const refused = { version: 1, seed: 5, steps: [{ pass: 'distillation', values: { teacher: 'gone' } }] } as const;
    await expect(applied(other, true, undefined, { recipe: refused })).rejects.toMatchObject({ code: 'pass' });
    expect(await other.call('interruptedRecipe', {})).toBeNull();
  });

  it('can be let go after a reload', async () => {
    const next = makeSetting({ files: await ended(0.5) });
    expect(await next.call('interruptedRecipe', {})).toMatchObject({ done: 2 });
    expect(await next.call('interruptedRecipe', { discard: true })).toBeNull();
    await applied(next, true);
    expect(next.notices).toEqual([]);
  });

  it('begins again where something else is asked for, or nobody asks to go on', async () => {
    const kept = await ended(0.5);
    for (const [resume, name] of [
      [true, { recipe: { version: 1, seed: 6, steps } }],
      [false, {}],
    ] as const) {
      const next = makeSetting({ files: kept });
      const seen: Progress[] = [];
      await applied(next, resume, (progress) => seen.push(progress), name);
      expect(seen[0]?.step).toBe(0);
      expect(seen.filter(({ goesOn }) => goesOn)).toEqual([]);
    }
  });

  it.each(['lost', 'memory'] as const)('goes on where the backend fails: %s', async (code) => {
    const whole = await applied(makeSetting(), false);
    const lifetimes = [300, Number.POSITIVE_INFINITY];
    const setting = makeSetting({ checkpointEvery: 0, makeBackend: () => failing(lifetimes.shift() as number, code) });
    await expect(applied(setting, false)).rejects.toMatchObject({ code: `backend-${code}` });
    const told: string[] = [];
    const result = await applied(setting, true, ({ goesOn }) => goesOn && told.push(goesOn.en));
    expect(result.model.id).toBe(whole.model.id);
    expect(told).toEqual([expect.stringMatching(/^Step \d \(.+\) (?:goes on from epoch \d+\.\d|is next)\.$/)]);
  });
});

describe('members that are being made when the page is left', () => {
  const values = { members: 3, cycles: 3, folds: 2, epochs: 2, learningRate: 0.01, batchSize: 32 };
  type Progress = Calls['make']['progress'];
  async function made(setting: Setting, making: string, onProgress: (progress: Progress) => void = () => undefined) {
    const { id } = await setting.call('create', { architecture, seed: 1 });
    const origin = { kind: 'model', start: id, steps: [{ kind: 'trained', settings }] } as const;
    const request = {
      making,
      values,
      models: [{ id, name: 'Tiny', origin }],
      dataset: 'digits',
      name: 'Tiny',
      seed: 1,
    };
    return setting.call('make', request as Calls['make']['request'], { onProgress });
  }
  /** A worker's life until the second training run is under way. */
  async function left(making: string): Promise<ReturnType<typeof memoryFiles>> {
    const { files, kept, take } = disk();
    const setting = makeSetting({ files, checkpointEvery: 0 });
    const { making: keeper } = await setting.session.vault;
    void made(setting, making).catch(() => undefined);
    const isUnderWay = async (): Promise<boolean> => {
      const run = await keeper.read();
      return run !== null && run.facts.trained.length > 0 && (run.checkpoint?.epoch ?? 0) > 0.2;
    };
    await expect.poll(isUnderWay, { interval: 2, timeout: 20_000 }).toBe(true);
    take();
    return kept;
  }

  it.each(['bagging', 'boosting', 'snapshots', 'out-of-fold'])(
    '%s goes on with what is done',
    async (making) => {
      const whole = await made(makeSetting(), making);
      const next = makeSetting({ files: await left(making), checkpointEvery: 0, fetch: downOnce() });
      // Where the data set cannot be had, nothing that is done is lost.
      await expect(made(next, making)).rejects.toMatchObject({ code: 'dataset-fetch' });
      // The page comes back first, and has the vault forget whatever is on no page.
      const { id } = await next.call('create', { architecture, seed: 1 });
      await next.call('held', { models: [id], keepOnly: true });
      const shares: number[] = [];
      const result = await made(next, making, ({ done }) => shares.push(done));
      expect(result.combined?.model.id).toBe(whole.combined?.model.id);
      expect(result.combined?.test).toEqual(whole.combined?.test);
      expect(next.notices).toHaveLength(1);
      expect(next.notices[0]).toMatchObject({ code: 'resumed' });
      expect(next.notices[0]?.words.en).toMatch(/^\S.* goes on after \d training runs?/);
      // The first of three was not trained again.
      expect(shares[0]).toBeGreaterThan(0.25);
      expect(await (await next.session.vault).making.read()).toBeNull();
    },
    60_000,
  );

  it('begins again where something else is asked for, and when it was given up', async () => {
    const other = makeSetting({ files: await left('bagging') });
    await made(other, 'snapshots');
    expect(other.notices).toEqual([]);
    const files = memoryFiles();
    const setting = makeSetting({ files, checkpointEvery: 0 });
    const stop = new AbortController();
    const { id } = await setting.call('create', { architecture, seed: 1 });
    const models = [{ id, name: 'Tiny', origin: null }];
    const request = { making: 'bagging', values, models, dataset: 'digits', name: 'Tiny', seed: 1 } as const;
    const run = setting.call('make', request, { signal: stop.signal, onProgress: () => stop.abort() });
    await expect(run).rejects.toMatchObject({ code: 'aborted' });
    expect(await (await setting.session.vault).making.read()).toBeNull();
  }, 60_000);
});
