/** The README's table, between its two marker lines, from the latest runs that count. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Line } from './measurements';
import type { Row } from './row';

const BEGIN = '<!-- bench: written by npm run bench -->';
const END = '<!-- /bench -->';

export function writeReadme(results: readonly { readonly row: Row; readonly lines: readonly Line[] }[]): void {
  const text = existsSync('README.md') ? readFileSync('README.md', 'utf8') : '';
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END);
  if (from < 0 || to < from) {
    console.log('README.md has no place for the table.');
    return;
  }
  const changed = `${text.slice(0, from)}${BEGIN}\n${results.map(section).join('\n')}${text.slice(to)}`;
  if (changed !== text) writeFileSync('README.md', changed);
}

function section({ row, lines }: { row: Row; lines: readonly Line[] }): string {
  let before = '';
  const body = row.table(lines).map(({ what, who, figure, against }) => {
    const line = `| ${what === before ? '' : what} | ${who} | ${figure} | ${against} |`;
    before = what;
    return line;
  });
  const [first] = lines;
  return [
    `**${row.title}**`,
    '',
    `| | | | ${row.compared} |`,
    '|---|---|--:|---|',
    ...body,
    '',
    `${first?.machine}; ${first?.browser}; version ${first?.version}; load ${first?.load}; ${first?.run.slice(0, 10)}.`,
    '',
  ].join('\n');
}
