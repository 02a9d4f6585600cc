/**
 * The vault: models by content id, their tensors once each, written as they come to be; and ensembles and trees, which
 * name their members. Memory is only a cache over the files, so the worker can be killed at any time. A model's structure
 * is written after its tensors, an ensemble after its members: what is half there does not count as held. Where a write fails, the model stays in memory and the person is told.
 */
import { modelId } from '#core/model/hash';
import type { Model, Tensor, TensorId } from '#core/model/model';
import type { Words } from '#core/params';
import type { Predictor, TreesPredictor } from '#core/predictor';
import { isOfSeveral, predictorId } from '#core/predictor-id';
import type { Checkpoint } from '#engine/checkpoint';
import type { DoneSoFar } from '#worker/calls/journal';
import {
  HEADER_BYTES,
  isWhole,
  readStructure,
  readTensor,
  type Structure,
  writeStructure,
  writeTensor,
} from '#worker/vault/blob';
import type { Files } from '#worker/vault/files';
import { closureOf, namedIn, readPredictor, writePredictor } from '#worker/vault/predictors';
import { applyingNames, isRunFile, makeRunKeeper, makingNames, type RunKeeper } from '#worker/vault/run';

/** A model that the vault does not have, or no longer whole. */
export class VaultError extends Error {
  readonly words: Words = {
    en: 'The weights of this model are no longer stored in this browser.',
    zh: '此模型的权重已不在本浏览器的存储中。',
  };
  readonly id: string;
  constructor(id: string) {
    super(`model ${id} is not in the vault`);
    this.name = 'VaultError';
    this.id = id;
  }
}

/** One model was asked for, and several stand under this id. */
export class NotOneModelError extends Error {
  readonly words: Words = {
    en: 'This is an ensemble or trees, not one model: it has no layers of its own to change. Distil it into a model, or change its members.',
    zh: '这是集成或树，不是单个模型：它没有可以修改的层。可以把它蒸馏成一个模型，或修改它的成员。',
  };
  constructor(id: string) {
    super(`${id} is not one model`);
    this.name = 'NotOneModelError';
  }
}

export interface Vault {
  /** Whether what is put in outlives the page. */
  saved(): boolean;
  /** Keeps a model; resolves with its id when it is written. */
  put(model: Model): Promise<string>;
  /** Throws VaultError, or NotOneModelError for the id of an ensemble or of trees. */
  get(id: string): Promise<Model>;
  /** Keeps any predictor with all that it is made of; resolves with its id when it is written. */
  putPredictor(predictor: Predictor): Promise<string>;
  /** Any predictor; a model that occurs in it twice is one object. Throws VaultError where anything of it is missing. */
  predictor(id: string): Promise<Predictor>;
  /** Which of these are there with all that they are made of. */
  held(ids: readonly string[]): Promise<readonly string[]>;
  /** Removes whatever is neither among `ids`, nor part of one of them, nor put in since this vault was opened, with the tensors that nobody else has. */
  keepOnly(ids: readonly string[]): Promise<void>;
  /** Another tab held the files and is gone: what is only in memory is written to them, and all from now on. */
  takeOver(): Promise<void>;
  /** The training run that can go on. */
  readonly run: RunKeeper;
  /** The recipe whose application can go on. */
  readonly applying: RunKeeper<DoneSoFar, Checkpoint | null>;
  /** The members whose making can go on. */
  readonly making: RunKeeper<DoneSoFar, Checkpoint | null>;
}

export interface VaultOptions {
  /** Bytes of models kept in memory beside the files. */
  readonly cacheBytes: number;
  /** Called once, when writing first fails. */
  readonly onFailure: (error: unknown) => void;
}

const structureName = (id: string): string => `m-${id}`;
const tensorName = (id: TensorId): string => `t-${id}`;

export async function openVault(files: Files, options: VaultOptions): Promise<Vault> {
  /** Least recently used first. */
  const cache = new Map<string, Model>();
  /** Models whose writing failed: memory is all they have. */
  const unwritten = new Map<string, Model>();
  /** The same of ensembles and trees: their files' bytes. */
  const unwrittenBytes = new Map<string, Uint8Array>();
  /** Whoever holds trees holds them by their object: they are the same as long as they are used. */
  const trees = new Map<string, WeakRef<TreesPredictor>>();
  const stored = new Set(await files.list().catch(() => []));
  const putNow = new Set<string>();
  let failed = false;

  function remember(id: string, model: Model): void {
    cache.delete(id);
    cache.set(id, model);
    let bytes = 0;
    for (const [other, kept] of [...cache].reverse()) {
      bytes += bytesOf(kept);
      if (bytes > options.cacheBytes && other !== id) cache.delete(other);
    }
  }

  async function write(model: Model, id: string): Promise<void> {
    for (const tensor of Object.values(model.tensors)) {
      const name = tensorName(tensor.id);
      if (stored.has(name)) continue;
      await files.write(name, writeTensor(tensor));
      stored.add(name);
    }
    await files.write(structureName(id), writeStructure(model));
    stored.add(structureName(id));
  }

  async function structure(id: string): Promise<Structure | null> {
    const file = await files.read(structureName(id));
    return file && readStructure(file.bytes);
  }

  async function fetchModel(id: string): Promise<Model | null> {
    const found = await structure(id);
    if (!found) return null;
    const { tensorIds, ...rest } = found;
    const tensors: Record<TensorId, Tensor> = {};
    for (const tensorId of tensorIds) {
      const file = await files.read(tensorName(tensorId));
      const tensor = file && readTensor(tensorId, file.bytes);
      if (!tensor) {
        stored.delete(tensorName(tensorId));
        return null;
      }
      tensors[tensorId] = tensor;
    }
    return { ...rest, tensors };
  }

  async function bytesFor(id: string): Promise<Uint8Array | null> {
    return unwrittenBytes.get(id) ?? (await files.read(id))?.bytes ?? null;
  }

  async function isHeld(id: string): Promise<boolean> {
    if (isOfSeveral(id)) {
      const bytes = await bytesFor(id);
      for (const named of (bytes && namedIn(bytes)) ?? [null])
        if (named === null || !(await isHeld(named))) return false;
      return true;
    }
    if (unwritten.has(id)) return true;
    const found = await structure(id);
    if (!found) return false;
    for (const tensorId of found.tensorIds) {
      const file = await files.read(tensorName(tensorId), HEADER_BYTES);
      if (!file || !isWhole(file.bytes, file.size)) {
        stored.delete(tensorName(tensorId));
        return false;
      }
    }
    return true;
  }

  function fail(error: unknown): void {
    if (!failed) options.onFailure(error);
    failed = true;
  }

  async function put(model: Model): Promise<string> {
    const id = modelId(model);
    remember(id, model);
    putNow.add(id);
    try {
      await write(model, id);
      unwritten.delete(id);
    } catch (error) {
      unwritten.set(id, model);
      fail(error);
    }
    return id;
  }

  async function get(id: string): Promise<Model> {
    if (isOfSeveral(id)) throw new NotOneModelError(id);
    const model = unwritten.get(id) ?? cache.get(id) ?? (await fetchModel(id));
    if (!model) throw new VaultError(id);
    remember(id, model);
    return model;
  }

  async function putPredictor(predictor: Predictor): Promise<string> {
    if (predictor.kind === 'model') return put(predictor.model);
    const parts: readonly Predictor[] =
      predictor.kind === 'ensemble'
        ? predictor.members
        : predictor.features.kind === 'layer'
          ? [{ kind: 'model', model: predictor.features.model }]
          : [];
    for (const part of parts) await putPredictor(part);
    const id = predictorId(predictor);
    putNow.add(id);
    if (predictor.kind === 'trees') trees.set(id, new WeakRef(predictor));
    if (stored.has(id)) return id;
    const bytes = writePredictor(predictor);
    try {
      await files.write(id, bytes);
      stored.add(id);
      unwrittenBytes.delete(id);
    } catch (error) {
      unwrittenBytes.set(id, bytes);
      fail(error);
    }
    return id;
  }

  /** `found`: what was fetched on the way, so that one id is one object even where the cache is full. */
  async function predictor(id: string, found: Map<string, Predictor>): Promise<Predictor> {
    const known = found.get(id) ?? trees.get(id)?.deref();
    if (known) return known;
    const fetched = isOfSeveral(id) ? await several(id, found) : ({ kind: 'model', model: await get(id) } as const);
    found.set(id, fetched);
    if (fetched.kind === 'trees') trees.set(id, new WeakRef(fetched));
    return fetched;
  }

  async function several(id: string, found: Map<string, Predictor>): Promise<Predictor> {
    const bytes = await bytesFor(id);
    const read = bytes && (await readPredictor(bytes, (named) => predictor(named, found)));
    if (read) return read;
    stored.delete(id);
    throw new VaultError(id);
  }

  const run = makeRunKeeper(files);
  const applying = makeRunKeeper<DoneSoFar, Checkpoint | null>(files, applyingNames);
  const making = makeRunKeeper<DoneSoFar, Checkpoint | null>(files, makingNames);

  return {
    run,
    applying,
    making,
    async takeOver() {
      await files.takeOver?.(isRunFile).catch(fail);
      await Promise.all([run, applying, making].map((keeper) => keeper.takeOver()));
    },
    saved: () => files.persistent && !failed,
    put,
    get,
    putPredictor,
    predictor: (id) => predictor(id, new Map()),
    async held(ids) {
      const answers = await Promise.all(ids.map((id) => isHeld(id).catch(() => false)));
      return ids.filter((_, index) => answers[index]);
    },
    async keepOnly(ids) {
      if (!files.persistent) return;
      const kept = await closureOf([...ids, ...putNow], bytesFor);
      const needed = new Set<string>();
      for (const id of kept) {
        needed.add(isOfSeveral(id) ? id : structureName(id));
        if (isOfSeveral(id)) continue;
        for (const tensorId of (await structure(id))?.tensorIds ?? []) needed.add(tensorName(tensorId));
        for (const tensorId of Object.keys(cache.get(id)?.tensors ?? {})) needed.add(tensorName(tensorId));
      }
      for (const name of await files.list()) {
        if (needed.has(name) || isRunFile(name)) continue;
        await files.remove(name);
        stored.delete(name);
      }
    },
  };
}

function bytesOf(model: Model): number {
  return Object.values(model.tensors).reduce(
    (sum, { data, encoding }) => sum + data.byteLength + (encoding.mask?.length ?? 0),
    0,
  );
}
