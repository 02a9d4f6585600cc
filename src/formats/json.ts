/**
 * JSON from strangers: size and depth are checked before anything is built, UTF-16 and byte order marks are
 * understood, and what comes out is only looked at through own properties, so a key named __proto__ is just a key.
 */
import { LIMITS } from '#formats/limits';
import { bytesInWords, HINTS, refuse } from '#formats/refuse';

/** A JSON object, seen through its own properties only. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An own property, or undefined; never what Object.prototype has. */
export function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Text of bytes in UTF-8, or in UTF-16 where a byte order mark says so. */
export function textOf(bytes: Uint8Array): string {
  const [a, b] = bytes;
  if (a === 0xff && b === 0xfe) return utf16(bytes, true);
  if (a === 0xfe && b === 0xff) return utf16(bytes, false);
  return new TextDecoder().decode(bytes);
}

function utf16(bytes: Uint8Array, little: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: string[] = [];
  for (let i = 2; i + 1 < bytes.length; i += 8192) {
    const units: number[] = [];
    for (let j = i; j + 1 < bytes.length && j < i + 8192; j += 2) units.push(view.getUint16(j, little));
    parts.push(String.fromCharCode(...units));
  }
  return parts.join('');
}

/** The JSON value in these bytes, or a ReadError that names the file and the place. */
export function readJson(bytes: Uint8Array, file: string): unknown {
  if (bytes.length > LIMITS.jsonBytes) {
    refuse(
      'json-too-large',
      { file, where: '' },
      {
        en: `The JSON holds ${bytesInWords(bytes.length)}; at most ${bytesInWords(LIMITS.jsonBytes)} is read.`,
        zh: `JSON 大小为 ${bytesInWords(bytes.length)}，最多读取 ${bytesInWords(LIMITS.jsonBytes)}。`,
      },
      HINTS.exportAgain,
    );
  }
  return readJsonText(textOf(bytes), file, '');
}

/** The same for text that was found inside a file, e.g. an HDF5 attribute. */
export function readJsonText(text: string, file: string, where: string): unknown {
  if (depthOf(text) > LIMITS.jsonDepth) {
    refuse(
      'json-too-deep',
      { file, where },
      {
        en: `The JSON is nested more than ${LIMITS.jsonDepth} levels deep.`,
        zh: `JSON 的嵌套超过 ${LIMITS.jsonDepth} 层。`,
      },
      HINTS.exportAgain,
    );
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    refuse(
      'json-invalid',
      { file, where },
      { en: `It is not valid JSON (${reason.slice(0, 120)}).`, zh: `不是有效的 JSON（${reason.slice(0, 120)}）。` },
      HINTS.downloadAgain,
    );
  }
}

/** Deepest nesting of brackets outside strings; stops counting past the limit. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 0x5c) i++;
      else if (c === 0x22) inString = false;
    } else if (c === 0x22) inString = true;
    else if (c === 0x7b || c === 0x5b) {
      depth++;
      if (depth > deepest) deepest = depth;
      if (deepest > LIMITS.jsonDepth) return deepest;
    } else if (c === 0x7d || c === 0x5d) depth--;
  }
  return deepest;
}
