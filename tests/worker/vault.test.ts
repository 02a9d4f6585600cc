import { describe, expect, it } from 'vitest';
import type { Encoding } from '#core/model/encoding';
import { modelId } from '#core/model/hash';
import type { Model } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { readTensor, writeTensor } from '#worker/vault/blob';
import { directoryFiles, type Files, layeredFiles, memoryFiles } from '#worker/vault/files';
import { type KeptRun, makeRunKeeper } from '#worker/vault/run';
import { openVault, VaultError } from '#worker/vault/vault';

/** A dense network over `weights` of 2 inputs. */
function network(weights: readonly number[], encoding?: Encoding): Model {
  const kernel = makeTensor([2, weights.length / 2], Float32Array.from(weights), encoding);
  return {
    name: 'net',
    layers: [
      { kind: 'input', name: 'in', inputs: [], shape: [2] },
      { kind: 'dense', name: 'out', inputs: ['in'], kernel: kernel.id, activation: { fn: 'softmax' } },
    ],
    inputs: ['in'],
    outputs: ['out'],
    tensors: { [kernel.id]: kernel },
    layout: 'nhwc',
    meta: { source: 'template' },
  };
}
/** Memory that claims to outlive the page. */
function disk(): Files {
  return { ...memoryFiles(), persistent: true };
}
const quiet = { cacheBytes: 1e9, onFailure: () => undefined };

describe('the vault', () => {
  it('gives back what was put in, after the worker has gone', async () => {
    const files = disk();
    const model = network([1, 2, 3, 4]);
    const id = await (await openVault(files, quiet)).put(model);
    expect(id).toBe(modelId(model));
    const later = await openVault(files, quiet);
    expect(await later.get(id)).toEqual(model);
    expect(later.saved()).toBe(true);
  });

  it('writes a tensor that two models share once', async () => {
    const files = disk();
    const names: string[] = [];
    const counting: Files = {
      ...files,
      write: (name, bytes) => files.write(name, bytes).then(() => void names.push(name)),
    };
    const vault = await openVault(counting, quiet);
    const model = network([1, 2]);
    await vault.put(model);
    await vault.put({ ...model, meta: { source: 'other' } });
    expect(names.filter((name) => name.startsWith('t-'))).toHaveLength(1);
    expect(names.filter((name) => name.startsWith('m-'))).toHaveLength(2);
  });

  it('finds out torn and damaged writes', async () => {
    const files = disk();
    const model = network([1, 2, 3, 4]);
    const id = await (await openVault(files, quiet)).put(model);
    const name = `t-${Object.keys(model.tensors)[0]}`;
    const whole = (await files.read(name))?.bytes as Uint8Array;
    await files.write(name, whole.subarray(0, whole.length - 4));
    let vault = await openVault(files, quiet);
    expect(await vault.held([id])).toEqual([]);
    await expect(vault.get(id)).rejects.toBeInstanceOf(VaultError);
    // Put again, the tensor is written anew.
    await vault.put(model);
    expect(await vault.held([id])).toEqual([id]);
    const flipped = Uint8Array.from((await files.read(name))?.bytes ?? []);
    flipped[flipped.length - 1] = (flipped.at(-1) as number) ^ 1;
    await files.write(name, flipped);
    vault = await openVault(files, quiet);
    await expect(vault.get(id)).rejects.toBeInstanceOf(VaultError);
    await files.write(`m-${id}`, new Uint8Array(3));
    expect(await (await openVault(files, quiet)).held([id])).toEqual([]);
  });

  it('forgets the least recently used models, and reads them again', async () => {
    const files = disk();
    let reads = 0;
    const counting: Files = { ...files, read: (name, limit) => files.read(name, limit).finally(() => reads++) };
    const vault = await openVault(counting, { ...quiet, cacheBytes: 32 });
    const [a, b, c] = [
      await vault.put(network([1, 2, 3, 4])),
      await vault.put(network([2, 2, 3, 4])),
      await vault.put(network([3, 2, 3, 4])),
    ] as const;
    await vault.get(b);
    await vault.get(c);
    expect(reads).toBe(0);
    expect((await vault.get(a)).tensors).toEqual(network([1, 2, 3, 4]).tensors);
    expect(reads).toBe(2);
  });

  it('keeps what could not be written in memory, and says so once', async () => {
    const errors: unknown[] = [];
    const full: Files = { ...disk(), write: () => Promise.reject(new DOMException('full', 'QuotaExceededError')) };
    const vault = await openVault(full, { cacheBytes: 0, onFailure: (error) => errors.push(error) });
    const a = await vault.put(network([1, 2]));
    const b = await vault.put(network([3, 4]));
    expect(errors).toHaveLength(1);
    expect(vault.saved()).toBe(false);
    expect((await vault.get(a)).name).toBe('net');
    expect(await vault.held([a, b, 'x'])).toEqual([a, b]);
  });

  it('throws away models that nobody names, and only their own tensors', async () => {
    const files = disk();
    const first = await openVault(files, quiet);
    const kept = await first.put(network([1, 2]));
    await first.put({ ...network([1, 2]), meta: { source: 'shares the tensor' } });
    await first.put(network([5, 6]));
    expect(await files.list()).toHaveLength(5);
    const second = await openVault(files, quiet);
    const fresh = await second.put(network([7, 8]));
    await second.keepOnly([kept]);
    expect((await files.list()).length).toBe(4);
    expect(await (await openVault(files, quiet)).held([kept, fresh])).toEqual([kept, fresh]);
  });

  it('reads the first tab’s models in a second tab and writes its own to memory only', async () => {
    const files = disk();
    const id = await (await openVault(files, quiet)).put(network([1, 2]));
    const before = await files.list();
    const other = await openVault(
      layeredFiles(memoryFiles(), files, () => Promise.resolve()),
      quiet,
    );
    expect((await other.get(id)).name).toBe('net');
    await other.put(network([9, 9]));
    await other.keepOnly([]);
    expect(await files.list()).toEqual(before);
    expect(other.saved()).toBe(false);
  });

  it('takes the files over from a tab that is gone, with what it had in memory, and loses nothing of either', async () => {
    const files = disk();
    const first = await openVault(files, quiet);
    const theirs = await first.put(network([1, 2]));
    let letGo = (): void => undefined;
    const freed = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const second = await openVault(
      layeredFiles(memoryFiles(), files, () => freed),
      quiet,
    );
    const own = await second.put(network([3, 4]));
    const taking = second.takeOver();
    const meanwhile = await second.put(network([5, 6]));
    const late = await first.put(network([7, 8]));
    expect(await (await openVault(files, quiet)).held([theirs, own, meanwhile, late])).toEqual([theirs, late]);
    letGo();
    await taking;
    expect(second.saved()).toBe(true);
    const after = await second.put(network([9, 0]));
    const all = [theirs, own, meanwhile, late, after];
    expect(await second.held(all)).toEqual(all);
    expect(await (await openVault(files, quiet)).held(all)).toEqual(all);
  });

  it('says that what it has is not saved where the files that it takes over are full', async () => {
    const errors: unknown[] = [];
    const full: Files = { ...disk(), write: () => Promise.reject(new DOMException('full', 'QuotaExceededError')) };
    const layered = layeredFiles(memoryFiles(), full, () => Promise.resolve());
    const vault = await openVault(layered, { cacheBytes: 0, onFailure: (error) => errors.push(error) });
    const id = await vault.put(network([1, 2]));
    await vault.takeOver();
    expect(errors).toHaveLength(1);
    expect(vault.saved()).toBe(false);
    expect((await vault.get(id)).name).toBe('net');
  });
});

describe('tensors in the vault', () => {
  const data = Float32Array.of(0, -0.5, 0.5, 1);
  const encodings: Record<string, Encoding> = {
    dense: { values: { kind: 'dense' } },
    masked: { mask: Uint8Array.of(0, 1, 1, 1), values: { kind: 'dense' } },
    grid: {
      mask: Uint8Array.of(0, 1, 1, 1),
      values: {
        kind: 'grid',
        bits: 4,
        qMin: -7,
        qMax: 7,
        scale: Float32Array.of(0.5, 0.25),
        zeroPoint: Int32Array.of(0, 0),
        axis: 1,
        symmetric: true,
      },
    },
    'grid per tensor': {
      values: {
        kind: 'grid',
        bits: 8,
        qMin: 0,
        qMax: 255,
        scale: Float32Array.of(0.5),
        zeroPoint: Int32Array.of(128),
        axis: null,
        symmetric: false,
      },
    },
    codebook: {
      mask: Uint8Array.of(0, 1, 1, 1),
      values: { kind: 'codebook', centroids: Float32Array.of(-0.5, 0.5, 1) },
    },
  };
  for (const [name, encoding] of Object.entries(encodings)) {
    it(`come back as they went (${name})`, () => {
      const tensor = makeTensor([2, 2], data, encoding);
      expect(readTensor(tensor.id, writeTensor(tensor))).toEqual(tensor);
    });
  }
  it('may begin anywhere in a larger buffer', () => {
    const tensor = makeTensor([2], new Float32Array(data.buffer, 4, 2));
    const stored = new Uint8Array(200);
    const bytes = writeTensor(tensor);
    stored.set(bytes, 5);
    expect(readTensor(tensor.id, stored.subarray(5, 5 + bytes.length))?.data).toEqual(Float32Array.of(-0.5, 0.5));
  });
});

describe('files of a directory', () => {
  /** As much of a directory handle as is used; writing by access handles. */
  function directory(): FileSystemDirectoryHandle & { held: Map<string, Uint8Array> } {
    const held = new Map<string, Uint8Array>();
    const handle = (name: string) => ({
      getFile: async () => new Blob([held.get(name) as Uint8Array<ArrayBuffer>]),
      createSyncAccessHandle: async () => ({
        truncate: (size: number) => held.set(name, (held.get(name) as Uint8Array).slice(0, size)),
        write: (bytes: Uint8Array) => held.set(name, bytes.slice()).get(name)?.length,
        flush: () => undefined,
        close: () => undefined,
      }),
    });
    return {
      held,
      async getFileHandle(name: string, options?: { create?: boolean }) {
        if (!held.has(name) && !options?.create) throw new DOMException('none', 'NotFoundError');
        if (!held.has(name)) held.set(name, new Uint8Array());
        return handle(name);
      },
      removeEntry: async (name: string) => void held.delete(name),
      async *keys() {
        yield* held.keys();
      },
    } as never;
  }
  it('writes, reads, lists and removes', async () => {
    const files = directoryFiles(directory());
    expect(await files.read('a')).toBeNull();
    await files.write('a', Uint8Array.of(1, 2, 3));
    await files.write('a', Uint8Array.of(4, 5));
    expect(await files.read('a')).toEqual({ bytes: Uint8Array.of(4, 5), size: 2 });
    expect(await files.read('a', 1)).toEqual({ bytes: Uint8Array.of(4), size: 2 });
    expect(await files.list()).toEqual(['a']);
    await files.remove('a');
    await files.remove('a');
    expect(await files.list()).toEqual([]);
  });
});

describe('the run that can go on', () => {
  const facts = { model: 'm', dataset: 'digits', settings: {}, trace: [] } as unknown as KeptRun['facts'];
  const at = (step: number): KeptRun => ({
    facts,
    checkpoint: { step, epoch: step / 10, seconds: 1, values: [Float32Array.of(step, 0.5), new Float32Array(3)] },
  });
  const written = async (files: Files, count: number): Promise<void> => {
    const keeper = makeRunKeeper(files);
    for (let step = 1; step <= count; step++) {
      keeper.keep(at(step));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };

  it('comes back in a new worker: the latest checkpoint, bytes and all, in two files that do not grow', async () => {
    const files = disk();
    await written(files, 5);
    expect(await makeRunKeeper(files).read()).toEqual(at(5));
    expect(await files.list()).toHaveLength(2);
    const later = makeRunKeeper(files);
    await later.read();
    later.keep(at(6));
    await new Promise((resolve) => setTimeout(resolve, 2));
    expect(await makeRunKeeper(files).read()).toEqual(at(6));
  });

  it('is the one before where the worker died while writing', async () => {
    const files = disk();
    await written(files, 4);
    for (const name of await files.list()) {
      const bytes = (await files.read(name))?.bytes as Uint8Array;
      const torn = {
        ...files,
        read: async (other: string) =>
          other === name ? { bytes: bytes.slice(0, -4), size: bytes.length - 4 } : files.read(other),
      };
      expect([3, 4]).toContain((await makeRunKeeper(torn).read())?.checkpoint.step);
    }
    const none = { ...files, read: async () => null };
    expect(await makeRunKeeper(none).read()).toBeNull();
  });

  it('is forgotten when dropped, and only then', async () => {
    const files = disk();
    await written(files, 2);
    const vault = await openVault(files, quiet);
    await vault.keepOnly([]);
    expect(await vault.run.read()).toEqual(at(2));
    await vault.run.drop();
    expect(await vault.run.read()).toBeNull();
    expect(await files.list()).toHaveLength(0);
    expect(await makeRunKeeper(files).read()).toBeNull();
  });

  it('is the one that a closed tab left where none goes on here; else the one here takes its place', async () => {
    const files = disk();
    await written(files, 9);
    const second = () =>
      openVault(
        layeredFiles(memoryFiles(), files, () => Promise.resolve()),
        quiet,
      );
    const idle = await second();
    await idle.run.drop();
    await idle.takeOver();
    expect(await idle.run.read()).toEqual(at(9));
    const busy = await second();
    busy.run.keep(at(2));
    await busy.takeOver();
    expect(await busy.run.read()).toEqual(at(2));
    await expect.poll(() => makeRunKeeper(files).read()).toEqual(at(2));
    busy.run.keep(at(3));
    await expect.poll(() => makeRunKeeper(files).read()).toEqual(at(3));
  });

  it('writes only the latest of those that come while it writes, and lives in memory where the disk is full', async () => {
    const files = disk();
    let writes = 0;
    const slow: Files = {
      ...files,
      async write(name, bytes) {
        writes++;
        await new Promise((resolve) => setTimeout(resolve, 10));
        await files.write(name, bytes);
      },
    };
    const keeper = makeRunKeeper(slow);
    for (let step = 1; step <= 20; step++) keeper.keep(at(step));
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(writes).toBe(2);
    expect(await makeRunKeeper(files).read()).toEqual(at(20));
    const full = makeRunKeeper({ ...files, write: () => Promise.reject(new Error('full')) });
    full.keep(at(21));
    expect(await full.read()).toEqual(at(21));
  });
});
