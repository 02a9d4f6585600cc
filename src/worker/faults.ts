/** From whatever was thrown in a worker to the Fault that crosses the border. */

import { ShapeError } from '#core/model/shapes';
import { ModelError } from '#core/model/validate';
import type { Words } from '#core/params';
import { PassError } from '#core/pass';
import { StepError } from '#core/recipe';
import { BackendError } from '#engine/backend';
import { DatasetError } from '#engine/datasets/errors';
import { EngineError } from '#engine/errors';
import { ReadError, WriteError } from '#formats/format';
import type { Fault } from '#worker/protocol';
import { NotOneModelError, VaultError } from '#worker/vault/vault';

const aborted: Words = { en: 'Stopped.', zh: '已停止。' };
const backendWords: Record<BackendError['code'], Words> = {
  lost: { en: 'The device was lost while computing.', zh: '计算过程中设备丢失。' },
  memory: { en: 'The device ran out of memory.', zh: '设备内存不足。' },
  shader: { en: 'The device refused a program.', zh: '设备拒绝了一个程序。' },
  unsupported: { en: 'This backend cannot compute a layer of this model.', zh: '此后端无法计算该模型中的某一层。' },
  unavailable: { en: 'This backend is not available here.', zh: '此后端在这里不可用。' },
};
/** Of a backend, not of what it was asked to do. */
const failures: ReadonlySet<BackendError['code']> = new Set(['lost', 'memory', 'shader']);
const mayGoOn = true;
const otherBackend: Words = {
  en: 'Try a smaller batch, or choose another backend.',
  zh: '请尝试更小的批量，或选择其他后端。',
};

export function isAbort(error: unknown): boolean {
  return typeof error === 'object' && error !== null && (error as { name?: unknown }).name === 'AbortError';
}

/** The failure of the backend itself, also in the middle of a recipe's step, after which nothing can be done on it; else null. */
export function failureOf(error: unknown): BackendError | null {
  const cause = error instanceof StepError ? error.cause : error;
  return cause instanceof BackendError && (cause.code === 'lost' || cause.code === 'shader') ? cause : null;
}

/** Does `work` and then drops what was kept of it, unless somebody may go on with it (`Fault.mayGoOn`). */
export async function keptForAnother<T>(drop: () => Promise<void> | undefined, work: () => Promise<T>): Promise<T> {
  let goesOn = false;
  try {
    return await work();
  } catch (error) {
    goesOn = faultOf(error).mayGoOn === true;
    throw error;
  } finally {
    if (!goesOn) await drop();
  }
}

export function faultOf(error: unknown): Fault {
  if (isAbort(error)) return { code: 'aborted', words: aborted };
  // What failed is the cause; the step's words name the step before they say why.
  if (error instanceof StepError) {
    const { step, cause, words } = error;
    const inner = cause === undefined ? null : faultOf(cause);
    return inner && (inner.mayGoOn || cause instanceof BackendError)
      ? { ...inner, step }
      : { code: 'pass', words, step };
  }
  if (error instanceof ReadError) {
    return { code: error.code, file: error.file, where: error.where, words: error.cause_, hint: error.hint };
  }
  if (error instanceof WriteError)
    return { code: error.code, where: error.layer, words: error.cause_, hint: error.hint };
  if (error instanceof DatasetError)
    return { code: `dataset-${error.code}`, file: error.file, words: error.words, hint: error.hint, mayGoOn };
  if (error instanceof BackendError) {
    const { code, message: where } = error;
    const fault = { code: `backend-${code}`, where, words: backendWords[code], hint: otherBackend };
    return failures.has(code) ? { ...fault, mayGoOn } : fault;
  }
  if (error instanceof EngineError) {
    const fault = { code: `engine-${error.code}`, words: error.words };
    return error.code === 'backend' ? { ...fault, mayGoOn } : fault;
  }
  if (error instanceof PassError) return { code: 'pass', words: error.words };
  if (error instanceof NotOneModelError) return { code: 'not-one-model', words: error.words };
  if (error instanceof VaultError) return { code: 'model-gone', where: error.id, words: error.words };
  if (error instanceof ShapeError) return { code: 'shape', where: error.layer, words: error.words };
  if (error instanceof ModelError) return { code: `model-${error.code}`, where: error.layer, words: error.words };
  const detail = error instanceof Error ? error.message : String(error);
  if (error instanceof RangeError && /allocation|memory/i.test(detail)) {
    const words = { en: 'There is not enough memory for this.', zh: '内存不足。' };
    return { code: 'memory', where: detail, words, mayGoOn };
  }
  return {
    code: 'unexpected',
    where: detail,
    words: { en: `Something unexpected happened: ${detail}`, zh: `发生意外错误：${detail}` },
  };
}
