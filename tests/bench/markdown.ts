/** Tables as Markdown has them. */

export const markdownRow = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** The head's two lines: all columns but the first are figures, to the right. */
export const markdownHead = (heads: readonly string[]): readonly string[] => [
  markdownRow(heads),
  `|---|${heads
    .slice(1)
    .map(() => '--:')
    .join('|')}|`,
];
