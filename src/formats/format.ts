/**
 * The contract of a file format: bytes to Model and back. Formats are recognised by content, not by name. What cannot
 * be carried over is a note that the person sees; what cannot be read is a ReadError that says where, why and what to do.
 */
import type { Model } from '#core/model/model';
import type { Words } from '#core/params';

/** File name (base name, as dropped) -> bytes. */
export type Bundle = ReadonlyMap<string, Uint8Array>;

/** Something lost, assumed or worth knowing about a file that was read or written. */
export interface Note {
  readonly level: 'info' | 'warning';
  readonly words: Words;
}

/** Why a file was refused. `code` is stable; the texts are for people. */
export class ReadError extends Error {
  readonly code: string;
  /** Base name of the file at fault. */
  readonly file: string;
  /** Layer, tensor, dataset or byte offset; '' where it is the file as a whole. */
  readonly where: string;
  readonly cause_: Words;
  readonly hint: Words;
  constructor(fault: { code: string; file: string; where?: string; cause: Words; hint: Words }) {
    super(`${fault.file}${fault.where ? ` (${fault.where})` : ''}: ${fault.cause.en} ${fault.hint.en}`);
    this.name = 'ReadError';
    this.code = fault.code;
    this.file = fault.file;
    this.where = fault.where ?? '';
    this.cause_ = fault.cause;
    this.hint = fault.hint;
  }
}

/** Why a model cannot be written in a format: it holds something that the format has no words for. */
export class WriteError extends Error {
  readonly code: string;
  /** The layer at fault; '' where it is the model as a whole. */
  readonly layer: string;
  readonly cause_: Words;
  readonly hint: Words;
  constructor(fault: { code: string; layer: string; cause: Words; hint: Words }) {
    super(`${fault.layer ? `${fault.layer}: ` : ''}${fault.cause.en} ${fault.hint.en}`);
    this.name = 'WriteError';
    this.code = fault.code;
    this.layer = fault.layer;
    this.cause_ = fault.cause;
    this.hint = fault.hint;
  }
}

export interface ReadResult {
  readonly model: Model;
  readonly notes: readonly Note[];
}
export interface WriteResult {
  /** Usually one file; its bytes are the size that is shown. */
  readonly bundle: Bundle;
  /** Name under which the (single or main) file is offered. */
  readonly fileName: string;
  readonly notes: readonly Note[];
}

/** How grids that a format cannot hold exactly are written. */
export interface WriteOptions {
  /** 'requantize': per-channel grids become per-tensor ones. 'float': they stay float32. */
  readonly unsupportedGrids: 'float' | 'requantize';
  /** Awaited between parts of a large file, so that others get a turn; where it rejects, so does the writing. */
  readonly pause?: (() => Promise<void>) | undefined;
}

/** The light descriptor; `read` and `write` sit behind import(). */
export interface Format {
  readonly id: string;
  readonly words: { readonly title: Words; readonly help: Words };
  /** With the dot, lower case. */
  readonly extensions: readonly string[];
  /** Whether these files look like this format: `head` has the first 4,096 bytes of each, by name. */
  readonly detect: (head: Bundle) => boolean;
  readonly read: (bundle: Bundle) => Promise<ReadResult>;
  /** Absent where the format is only read. */
  readonly write?: (model: Model, options: WriteOptions) => Promise<WriteResult>;
}
