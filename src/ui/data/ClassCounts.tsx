/** How many images of each class the three parts have: a table whose cells are bars. */

import styles from '#ui/data/data.module.css';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import type { DatasetSummary } from '#worker/protocol';

const PARTS = ['train', 'validation', 'test'] as const;

export function ClassCounts({ summary }: { summary: DatasetSummary }) {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const most = Object.fromEntries(PARTS.map((part) => [part, Math.max(1, ...summary.counts[part])])) as Record<
    (typeof PARTS)[number],
    number
  >;
  return (
    <table className={styles.counts}>
      <caption className="w-hidden">{t('data.countsCaption')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('data.class')}</th>
          {PARTS.map((part) => (
            <th key={part} scope="col">
              {t(`data.part.${part}`)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {summary.classes.map((known, index) => (
          <tr key={known.en}>
            <th scope="row">{words(known)}</th>
            {PARTS.map((part) => {
              const count = summary.counts[part][index] ?? 0;
              return (
                <td key={part} data-value={count}>
                  <span
                    className={styles.bar}
                    data-part={part}
                    style={{ '--long': count / most[part] } as React.CSSProperties}
                  />
                  {format.count(count)}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
