/** What is worth knowing of a method: its formula with the current numbers, when it pays, what it costs, whose it is. */
import type { Values } from '#core/params';
import { clampValues } from '#core/params';
import type { Pass } from '#core/pass';
import { useText, useWords } from '#ui/kit/words.ts';
import styles from '#ui/optimize/optimize.module.css';

export function About({ pass, values }: { pass: Pass; values: Values }) {
  const t = useText();
  const words = useWords();
  const formula = pass.formula?.(clampValues(pass.params, values));
  const { pays, cost, paper } = pass.words;
  return (
    <dl className={styles.about}>
      {formula && (
        <div>
          <dt>{t('optimize.formula')}</dt>
          <dd className={styles.formula}>{formula}</dd>
        </div>
      )}
      {pays && (
        <div>
          <dt>{t('optimize.pays')}</dt>
          <dd>{words(pays)}</dd>
        </div>
      )}
      <div>
        <dt>{t('optimize.cost')}</dt>
        <dd>{words(cost)}</dd>
      </div>
      <div>
        <dt>{t('optimize.paper')}</dt>
        <dd>{paper}</dd>
      </div>
    </dl>
  );
}
