/** How a panel is divided: sections with a heading, running text, rows of buttons, what is shown on demand. */
import { type ReactNode, useState } from 'react';
import styles from '#ui/kit/layout.module.css';
import text from '#ui/kit/text.module.css';

interface PanelProps {
  readonly title: string;
  readonly intro?: string;
  /** The title is heard, not seen: where room is short and the tab says it already. */
  readonly isQuiet?: boolean;
  readonly children: ReactNode;
}

/** The content of a tab, under its title. */
export function Panel({ title, intro, isQuiet = false, children }: PanelProps) {
  return (
    <div className={styles.stack}>
      {isQuiet ? (
        <h2 className="w-hidden">{title}</h2>
      ) : (
        <header>
          <h2 className={text.title}>{title}</h2>
          {intro && <p className={text.text}>{intro}</p>}
        </header>
      )}
      {children}
    </div>
  );
}

export function Section({ heading, children }: { heading?: string; children: ReactNode }) {
  return (
    <section className={styles.section}>
      {heading && <h3 className={text.heading}>{heading}</h3>}
      {children}
    </section>
  );
}

export function Text({ children }: { children: ReactNode }) {
  return <p className={text.text}>{children}</p>;
}

/** Small print under what it explains. */
export function Help({ children }: { children: ReactNode }) {
  return <p className={text.help}>{children}</p>;
}

/** Fields side by side where there is room. */
export function Fields({ children }: { children: ReactNode }) {
  return <div className={styles.fields}>{children}</div>;
}

export function Actions({ children }: { children: ReactNode }) {
  return <div className={styles.actions}>{children}</div>;
}

/** What stays at the foot of a tab, in sight however long the form: the button that does it, how far it is. */
export function Foot({ children }: { children: ReactNode }) {
  return <div className={styles.foot}>{children}</div>;
}

/** What the lines and marks of a chart are: items of a list, each with its sample. */
export function ChartKey({ children }: { children: ReactNode }) {
  return <ul className={styles.chartKey}>{children}</ul>;
}

interface MoreProps {
  readonly summary: string;
  /** Open when it first appears; from then on it is as the reader leaves it. */
  readonly startsOpen?: boolean;
  readonly children: ReactNode;
}

/** What most people need not see at first. */
export function More({ summary, startsOpen = false, children }: MoreProps) {
  const [isOpenAtFirst] = useState(startsOpen);
  return (
    <details className={styles.details} open={isOpenAtFirst}>
      <summary>{summary}</summary>
      <div className={styles.stack}>{children}</div>
    </details>
  );
}

/** Heard, not seen. */
export function Hidden({ children }: { children: ReactNode }) {
  return <span className="w-hidden">{children}</span>;
}
