/** Names for files and, where a format allows fewer characters, for layers. */
import type { Note } from '#formats/format';
import { info, shown } from '#formats/refuse';

const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)$/i;

/** A file name that every system takes, made from a model's or ensemble's: letters, digits, dashes, at most 80 characters. */
export function fileNameFor({ name }: { readonly name: string }, extension: string): string {
  const base = name
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 80)
    .toLowerCase();
  return `${base === '' || RESERVED.test(base) ? 'model' : base}${extension}`;
}

/** Says which layers got other names, where any did. */
export function renamedNote(renamed: readonly (readonly [string, string])[]): readonly Note[] {
  const [first] = renamed;
  if (!first) return [];
  return [
    info(
      `${renamed.length} layers got names that this format allows, e.g. "${shown(first[0])}" is now "${first[1]}".`,
      `${renamed.length} 个层改用了此格式允许的名称，例如 "${shown(first[0])}" 现为 "${first[1]}"。`,
    ),
  ];
}
