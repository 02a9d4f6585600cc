/** Lines of a benchmark that takes hours, one for everything measured, kept for ever in a CSV file. The wrong images are kept, so that any two lines can be compared image by image. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** What a column holds: numbers, texts, or a list of whole numbers. */
type Kind = 'number' | 'text' | 'list';
export interface Records<T> {
  readonly append: (record: T) => void;
  /** All lines, in the order in which they were written. */
  readonly read: () => readonly T[];
}

export function recordsIn<T extends object>(path: string, columns: { readonly [K in keyof T]: Kind }): Records<T> {
  const names = Object.keys(columns) as (keyof T & string)[];
  return {
    append(record) {
      const cells = names.map((name) => {
        const value = record[name];
        return Array.isArray(value) ? value.join(' ') : String(value).replaceAll(',', ';');
      });
      appendFileSync(path, `${existsSync(path) ? '' : `${names.join(',')}\n`}${cells.join(',')}\n`);
    },
    read() {
      if (!existsSync(path)) return [];
      const [head, ...lines] = readFileSync(path, 'utf8').trim().split('\n');
      const written = (head ?? '').split(',') as (keyof T & string)[];
      return lines.map((line) => {
        const cells = line.split(',');
        return Object.fromEntries(
          written.map((name, i) => {
            const cell = cells[i] ?? '';
            if (columns[name] === 'list') return [name, cell === '' ? [] : cell.split(' ').map(Number)];
            return [name, columns[name] === 'text' ? cell : Number(cell)];
          }),
        ) as T;
      });
    },
  };
}
