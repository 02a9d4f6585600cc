/** What is worth knowing of a result. */
import type { Words } from '#core/params';
import styles from '#ui/combine/combine.module.css';
import { Section } from '#ui/kit/Layout.tsx';
import { useText, useWords } from '#ui/kit/words.ts';

export function Notes({ notes }: { notes: readonly Words[] }) {
  const t = useText();
  const words = useWords();
  if (notes.length === 0) return null;
  return (
    <Section heading={t('combine.notes')}>
      <ul className={styles.notes}>
        {notes.map((note) => (
          <li key={note.en}>{words(note)}</li>
        ))}
      </ul>
    </Section>
  );
}
