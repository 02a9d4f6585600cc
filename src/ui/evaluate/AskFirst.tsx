/** Test images are looked at when the person says so. */
import { Button } from '@mantine/core';
import { allow, type Question } from '#stores/evaluate';
import styles from '#ui/evaluate/evaluate.module.css';
import { useText } from '#ui/kit/words.ts';

export function AskFirst({ question, action }: { question: Question; action: string }) {
  const t = useText();
  return (
    <section className={styles.ask}>
      <h3 className={styles.heading}>{t('evaluate.askTitle')}</h3>
      <p>{t('evaluate.askText')}</p>
      <div>
        <Button onClick={() => allow(question)}>{action}</Button>
      </div>
    </section>
  );
}
