/**
 * The vault: models by content id, their tensors once each, written as they come to be. Memory is only a cache over the
 * files, so the worker can be killed at any time. A model's structure is written after its tensors: what is half there
 * does not count as held. Where a write fails, the model stays in memory and the person is told.
 */
import { modelId } from '#core/model/hash';
import type { Model, Tensor, TensorId } from '#core/model/model';
import type { Words } from '#core/params';
import type { Checkpoint } from '#engine/checkpoint';
import type { AppliedSoFar } from '#worker/calls/journal';
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
import { applyingNames, isRunFile, makeRunKeeper, type RunKeeper } from '#worker/vault/run';

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

export interface Vault {
  /** Whether what is put in outlives the page. */
  saved(): boolean;
  /** Keeps a model; resolves with its id when it is written. */
  put(model: Model): Promise<string>;
  /** Throws VaultError. */
  get(id: string): Promise<Model>;
  /** Which of these models are there. */
  held(ids: readonly string[]): Promise<readonly string[]>;
  /** Removes every stored model not among `ids` and not put in since this vault was opened, with the tensors that nobody else has. */
  keepOnly(ids: readonly string[]): Promise<void>;
  /** The training run that can go on. */
  readonly run: RunKeeper;
  /** The recipe whose application can go on. */
  readonly applying: RunKeeper<AppliedSoFar, Checkpoint | null>;
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

  async function isHeld(id: string): Promise<boolean> {
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

  return {
    run: makeRunKeeper(files),
    applying: makeRunKeeper(files, applyingNames),
    saved: () => files.persistent && !failed,
    async put(model) {
      const id = modelId(model);
      remember(id, model);
      putNow.add(id);
      try {
        await write(model, id);
        unwritten.delete(id);
      } catch (error) {
        unwritten.set(id, model);
        if (!failed) options.onFailure(error);
        failed = true;
      }
      return id;
    },
    async get(id) {
      const model = unwritten.get(id) ?? cache.get(id) ?? (await fetchModel(id));
      if (!model) throw new VaultError(id);
      remember(id, model);
      return model;
    },
    async held(ids) {
      const answers = await Promise.all(ids.map((id) => isHeld(id).catch(() => false)));
      return ids.filter((_, index) => answers[index]);
    },
    async keepOnly(ids) {
      if (!files.persistent) return;
      const kept = new Set([...ids, ...putNow]);
      const needed = new Set<string>();
      for (const id of kept) {
        needed.add(structureName(id));
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
