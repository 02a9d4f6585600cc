/** What can be counted of a layer's weights, before and after: the drawings in numbers. */
import type { Inspection, KernelFacts } from '#core/inspection/inspection';
import styles from '#ui/inspect/inspect.module.css';
import { showShape } from '#ui/inspect/said.ts';
import { useFormat, useText } from '#ui/kit/words.ts';

export function Counts({ found: { before, after } }: { found: Inspection }) {
  const t = useText();
  const format = useFormat();
  const zeros = ({ zeros, weights }: KernelFacts) =>
    zeros === 0 ? '0' : `${format.count(zeros)} (${format.percent(zeros / weights, zeros / weights < 0.0995 ? 1 : 0)})`;
  const rows = [
    { key: 'weights', show: ({ weights }: KernelFacts) => format.count(weights) },
    { key: 'zeros', show: zeros },
    { key: 'distinct', show: ({ distinct }: KernelFacts) => format.count(distinct) },
    { key: 'shape', show: ({ parts }: KernelFacts) => parts.map(({ shape }) => showShape(shape)).join(', ') },
  ] as const;
  return (
    <table className={styles.counts}>
      <thead>
        <tr>
          <td />
          <th scope="col">{t('inspect.before')}</th>
          <th scope="col">{t('inspect.after')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, show }) => (
          <tr key={key}>
            <th scope="row">{t(`inspect.rows.${key}`)}</th>
            <td className={key === 'shape' ? styles.shape : undefined}>{show(before)}</td>
            <td className={key === 'shape' ? styles.shape : undefined}>{after ? show(after) : '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
