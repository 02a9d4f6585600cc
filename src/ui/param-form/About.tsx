/** What is worth knowing of a method: its formula with the current numbers, when it pays, what it costs, whose it is. */
import type { Formula } from '#core/formula';
import type { Words } from '#core/params';
import { useText, useWords } from '#ui/kit/words.ts';
import styles from '#ui/param-form/param-form.module.css';

interface AboutProps {
  readonly words: { readonly pays?: Words; readonly cost: Words; readonly paper: string };
  readonly formula?: Formula | undefined;
}

export function About({ words: { pays, cost, paper }, formula }: AboutProps) {
  const t = useText();
  const words = useWords();
  return (
    <dl className={styles.about}>
      {formula && (
        <div>
          <dt>{t('optimize.formula')}</dt>
          <dd className={styles.formula}>
            {(typeof formula === 'string' ? formula : words(formula)).split('\n').map((line) => (
              <div key={line}>{line}</div>
            ))}
          </dd>
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
