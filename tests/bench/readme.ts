/** The README's table, between its two marker lines, from the latest runs that count. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type ReportLine, sectionOf } from './ensembles/report';
import { markdownHead, markdownRow } from './markdown';
import { folder, type Line } from './measurements';
import { type Course, pictureOf } from './recipes/picture';
import { cellsOf, HEADS, type RowTable } from './recipes/report';
import { summaryOf } from './recipes/summary';
import type { Row } from './row';

const BEGIN = '<!-- bench: written by npm run bench -->';
const END = '<!-- /bench -->';
const RECIPES_BEGIN = '<!-- recipes: written by npm run bench -- recipes -->';
const RECIPES_END = '<!-- /recipes -->';
const ENSEMBLES_BEGIN = '<!-- ensembles: written by npm run bench -- ensembles -->';
const ENSEMBLES_END = '<!-- /ensembles -->';

export function writeReadme(results: readonly { readonly row: Row; readonly lines: readonly Line[] }[]): void {
  write(BEGIN, END, results.map(section).join('\n'));
}

/** The short table of the recipes, between its own two marker lines; whole tables and the drawing lie with the measurements. */
export function writeRecipes(tables: readonly RowTable[], courses: readonly Course[]): void {
  const [details, picture] = [`${folder}/recipes.md`, `${folder}/recipes.svg`];
  writeFileSync(details, `# Recipes, stage by stage\n\n${tables.map(recipeSection).join('\n')}`);
  writeFileSync(picture, pictureOf(courses));
  write(RECIPES_BEGIN, RECIPES_END, summaryOf(tables, details, picture));
}

/** That of the ensembles, likewise. */
export function writeEnsembles(lines: readonly ReportLine[], verdicts: readonly string[]): void {
  write(ENSEMBLES_BEGIN, ENSEMBLES_END, sectionOf(lines, verdicts));
}

function write(begin: string, end: string, content: string): void {
  const text = existsSync('README.md') ? readFileSync('README.md', 'utf8') : '';
  const changed = withTable(text, begin, end, content);
  if (changed === null) console.log('README.md has no place for the table.');
  else if (changed !== text) writeFileSync('README.md', changed);
}

/** The text with other content between two marker lines, or null where it has none. */
export function withTable(text: string, begin: string, end: string, content: string): string | null {
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  return from < 0 || to < from ? null : `${text.slice(0, from)}${begin}\n${content}${text.slice(to)}`;
}

function recipeSection({ row, lines, verdict }: RowTable): string {
  const [first] = lines;
  return [
    `**${row.title}** (${row.dataset}, ${first?.seeds === 1 ? '1 seed' : `${first?.seeds} seeds`})`,
    '',
    ...markdownHead(HEADS),
    ...lines.map((line) => markdownRow(cellsOf(line))),
    '',
    [verdict, row.note, `Version ${lines.at(-1)?.version}.`].filter((one) => one !== '').join(' '),
    '',
  ].join('\n');
}

/** A row's table in Markdown, with what it was measured on. */
export function section({ row, lines }: { row: Row; lines: readonly Line[] }): string {
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
