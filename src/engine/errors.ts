/** What the engine tells people when it cannot go on. Backends raise BackendError; everything above them raises this. */
import type { Words } from '#core/params';

export type EngineErrorCode =
  /** A layer that cannot be trained, or a shape that cannot be run. */
  | 'plan'
  /** Loss became infinite or not a number. */
  | 'diverged'
  /** The model's input or output does not fit the data. */
  | 'data'
  /** No backend works here. */
  | 'backend';

export class EngineError extends Error {
  readonly code: EngineErrorCode;
  readonly words: Words;
  constructor(code: EngineErrorCode, words: Words) {
    super(words.en);
    this.name = 'EngineError';
    this.code = code;
    this.words = words;
  }
}
