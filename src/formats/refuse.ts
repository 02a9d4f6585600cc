/**
 * Short ways to refuse a file. Every refusal says in both languages what is wrong, where, and what the person can do;
 * names taken from files are shortened and freed of characters that could turn a sentence around.
 */

import type { Words } from '#core/params';
import type { Note } from '#formats/format';
import { ReadError, WriteError } from '#formats/format';

/** Where in the dropped files something was found. */
export interface Place {
  readonly file: string;
  /** Layer, tensor, dataset or byte offset; '' for the file as a whole. */
  readonly where: string;
}

/** Throws a ReadError. */
export function refuse(code: string, place: Place, cause: Words, hint: Words): never {
  throw new ReadError({ code, file: shown(place.file), where: shown(place.where), cause, hint });
}

/** Throws a WriteError about one layer ('' for the model as a whole). */
export function refuseToWrite(code: string, layer: string, cause: Words, hint: Words): never {
  throw new WriteError({ code, layer: shown(layer), cause, hint });
}

export function info(en: string, zh: string): Note {
  return { level: 'info', words: { en, zh } };
}

export function warning(en: string, zh: string): Note {
  return { level: 'warning', words: { en, zh } };
}

/** Zero-width, bidirectional and control characters: they have no place in a sentence. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A name from a file, fit to stand in a sentence: no unseen characters, at most 120 characters. */
export function shown(name: string): string {
  const clean = name.slice(0, 400).replace(UNSEEN, '\uFFFD');
  return clean.length > 120 ? `${clean.slice(0, 119)}…` : clean;
}

/** At most `most` names, quoted, then how many more. */
export function listed(names: readonly string[], most = 8): Words {
  const first = names.slice(0, most).map((name) => `"${shown(name)}"`);
  const rest = names.length - first.length;
  return {
    en: first.join(', ') + (rest > 0 ? ` and ${rest} more` : ''),
    zh: first.join('、') + (rest > 0 ? ` 以及另外 ${rest} 个` : ''),
  };
}

/** 1234567 -> "1.2 MB"; kB = 1,000 bytes. */
export function bytesInWords(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} kB`;
  if (bytes < 1_000_000_000) return `${(bytes / 1_000_000).toFixed(1)} MB`;
  return `${(bytes / 1_000_000_000).toFixed(1)} GB`;
}

/** Hints that many refusals share. */
export const HINTS = {
  exportAgain: {
    en: 'Save the model again with the program that made it, then open that file.',
    zh: '请用生成该模型的程序重新保存一次，再打开新文件。',
  },
  downloadAgain: {
    en: 'Download or copy the file again: this copy is damaged.',
    zh: '请重新下载或复制该文件：这一份已损坏。',
  },
  unsupportedLayer: {
    en: 'Replace these layers with standard ones, or cut the model before them, and save it again.',
    zh: '请用标准层替换这些层，或在它们之前截断模型，然后重新保存。',
  },
} as const satisfies Record<string, Words>;
