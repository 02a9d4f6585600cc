/** Every cell with its accuracy, interval and difference: what the map shows in colours, for whoever reads or copies it. */

import { signedPoints } from '#ui/kit/changes.ts';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import styles from '#ui/optimize/sensitivity/sensitivity.module.css';
import type { SensitivityCell } from '#worker/protocol';

interface NumbersProps {
  readonly layers: readonly string[];
  readonly levels: readonly number[];
  readonly cells: readonly SensitivityCell[];
  readonly show: (level: number) => string;
}

export function Numbers({ layers, levels, cells, show }: NumbersProps) {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const rows = layers.flatMap((layer) =>
    levels.flatMap((level) => cells.find((cell) => cell.layer === layer && cell.level === level) ?? []),
  );
  return (
    <table className={styles.numbers}>
      <thead>
        <tr>
          <th scope="col">{t('sensitivity.layer')}</th>
          <th scope="col">{t('sensitivity.columns.level')}</th>
          <th scope="col">{t('sensitivity.columns.accuracy')}</th>
          <th scope="col">{t('sensitivity.columns.interval')}</th>
          <th scope="col">{t('sensitivity.columns.difference')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ layer, level, alone, reason }) => (
          <tr key={`${layer} ${level}`}>
            <th scope="row">{layer}</th>
            <td>{show(level)}</td>
            {alone ? (
              <>
                <td>{format.percent(alone.accuracy.value)}</td>
                <td>{format.range(alone.accuracy.low, alone.accuracy.high, 1)}</td>
                <td>{signedPoints(alone.difference.value, format)}</td>
              </>
            ) : (
              <td colSpan={3} className={styles.reason}>
                {reason ? words(reason) : '–'}
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
