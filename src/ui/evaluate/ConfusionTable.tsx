/**
 * Counts by class and answer, right ones and errors in colours of their own, each darker the larger its share of the row,
 * and each written out. Arrows move between cells; a chosen cell shows its images.
 */
import { type CSSProperties, type KeyboardEvent, useRef } from 'react';
import type { Cell } from '#stores/state';
import type { ClassNames } from '#ui/evaluate/class-names.ts';
import styles from '#ui/evaluate/evaluate.module.css';
import { useFormat, useText } from '#ui/kit/words.ts';

interface TableProps {
  /** By class, then by answer. */
  readonly confusion: readonly (readonly number[])[];
  readonly classes: ClassNames;
  readonly chosen: Cell | null;
  readonly onChoose: (cell: Cell | null) => void;
}

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

export function ConfusionTable({ confusion, classes, chosen, onChoose }: TableProps) {
  const t = useText();
  const format = useFormat();
  const body = useRef<HTMLTableSectionElement>(null);
  const reachable = chosen ?? { truth: 0, answer: 0 };
  const pressed = (event: KeyboardEvent, { truth, answer }: Cell) => {
    const [down, right] = STEPS[event.key] ?? [];
    if (down === undefined || right === undefined) return;
    event.preventDefault();
    const to = { truth: truth + down, answer: answer + right };
    if (confusion[to.truth]?.[to.answer] === undefined) return;
    onChoose(to);
    body.current?.rows[to.truth]?.cells[to.answer + 1]?.querySelector('button')?.focus();
  };
  return (
    <table className={styles.confusion} data-long={classes.isLong || undefined}>
      <caption className={styles.caption}>{t('evaluate.confusion.caption')}</caption>
      <thead>
        <tr>
          <th scope="col" className={styles.rowName}>
            {t('evaluate.confusion.truth')}
          </th>
          {confusion.map((_, answer) => (
            <th key={classes.name(answer)} scope="col" className={styles.columnName} title={classes.name(answer)}>
              <span className={styles.upright}>{classes.name(answer)}</span>
            </th>
          ))}
        </tr>
      </thead>
      <tbody ref={body}>
        {confusion.map((row, truth) => (
          <tr key={classes.name(truth)}>
            <th scope="row" className={styles.rowName} title={classes.name(truth)}>
              {classes.name(truth)}
            </th>
            {row.map((count, answer) => {
              const isRight = truth === answer;
              const isChosen = chosen?.truth === truth && chosen.answer === answer;
              const names = { truth: classes.name(truth), answer: classes.name(answer), count: format.count(count) };
              return (
                <td key={classes.name(answer)}>
                  <button
                    type="button"
                    className={styles.cell}
                    style={{ '--heat': `${(warmth(count, row) * 100).toFixed(0)}%` } as CSSProperties}
                    data-right={isRight || undefined}
                    data-empty={count === 0 || undefined}
                    data-value={count}
                    aria-label={t(isRight ? 'evaluate.confusion.cellRight' : 'evaluate.confusion.cell', names)}
                    aria-pressed={isChosen}
                    tabIndex={reachable.truth === truth && reachable.answer === answer ? 0 : -1}
                    onClick={() => onChoose(isChosen ? null : { truth, answer })}
                    onKeyDown={(event) => pressed(event, { truth, answer })}
                  >
                    {/* Without separators, which would need the room of a digit; the label has them. */}
                    {count > 0 && <span style={{ '--digits': `${count}`.length } as CSSProperties}>{count}</span>}
                  </button>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** 0 for none to 1 for the whole row, more finely where the share is small: a single error is to be seen. */
export function warmth(count: number, row: readonly number[]): number {
  const all = row.reduce((sum, one) => sum + one, 0);
  return all === 0 ? 0 : Math.log1p((99 * count) / all) / Math.log(100);
}
