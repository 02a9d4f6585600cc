/** Numbers with their names, side by side. `raw` is the number as a program reads it. */
import type { ReactNode } from 'react';
import styles from '#ui/kit/stat.module.css';

export function Stats({ children }: { children: ReactNode }) {
  return <dl className={styles.stats}>{children}</dl>;
}

export function Stat({
  label,
  value,
  note,
  raw,
  title,
}: {
  label: string;
  value: ReactNode;
  note?: ReactNode;
  raw?: number | undefined;
  /** What it means, where the label is short. */
  title?: string | undefined;
}) {
  return (
    <div className={styles.stat} title={title}>
      <dt className={styles.statLabel}>{label}</dt>
      <dd className={styles.statValue} data-value={raw}>
        {value}
      </dd>
      {note !== undefined && <dd className={styles.statNote}>{note}</dd>}
    </div>
  );
}
