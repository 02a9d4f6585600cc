/**
 * Words of the field, explained where they stand: a term opens a small card by pointer, touch or key, and Escape or a click
 * elsewhere closes it (the browser's own popover). The glossary is all of them in one card.
 */
import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import type { Texts } from '#i18n/en';
import styles from '#ui/kit/term.module.css';
import { useText } from '#ui/kit/words.ts';

export type TermId = keyof Texts['glossary']['terms'];

export const TERMS: readonly TermId[] = [
  'parameter',
  'nonZero',
  'sparsity',
  'macs',
  'latency',
  'took',
  'validation',
  'interval',
  'logits',
  'calibration',
  'teacher',
  'student',
  'ensemble',
  'disagreement',
  'qStatistic',
];

/** The word as it stands in the text, or the term's own name. */
export function Term({ id, children }: { id: TermId; children?: ReactNode }) {
  const t = useText();
  return (
    <Card looks={styles.term} face={children ?? t(`glossary.terms.${id}`)}>
      <Meaning id={id} />
    </Card>
  );
}

export function Glossary() {
  const t = useText();
  return (
    <Card looks={styles.glossaryButton} face={t('glossary.title')}>
      {TERMS.map((id) => (
        <Meaning key={id} id={id} />
      ))}
    </Card>
  );
}

function Meaning({ id }: { id: TermId }) {
  const t = useText();
  return (
    <span className={styles.meaning}>
      <strong>{t(`glossary.terms.${id}`)}</strong>
      {t(`glossary.means.${id}`)}
    </span>
  );
}

/** A button and the card that it opens beside itself, wherever there is room. */
function Card({ looks, face, children }: { looks: string | undefined; face: ReactNode; children: ReactNode }) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const card = useRef<HTMLSpanElement>(null);
  const [isOpen, setOpen] = useState(false);
  // The card stays where it was opened; what it belongs to would scroll away from under it.
  useEffect(() => {
    if (!isOpen) return;
    const topOf = () => button.current?.getBoundingClientRect().top ?? 0;
    const top = topOf();
    const close = () => {
      if (Math.abs(topOf() - top) > 8) card.current?.hidePopover();
    };
    document.addEventListener('scroll', close, { capture: true });
    return () => document.removeEventListener('scroll', close, { capture: true });
  }, [isOpen]);
  return (
    <>
      <button ref={button} type="button" className={looks} popoverTarget={id}>
        {face}
      </button>
      <span
        ref={card}
        id={id}
        popover="auto"
        className={styles.card}
        onBeforeToggle={({ newState }) => {
          if (newState === 'open' && button.current && card.current) place(card.current, button.current);
          setOpen(newState === 'open');
        }}
      >
        {isOpen && children}
      </span>
    </>
  );
}

/** Below the button, or above it where there is more room. */
function place({ style }: HTMLElement, button: HTMLElement): void {
  const { left, top, bottom } = button.getBoundingClientRect();
  const isBelow = window.innerHeight - bottom >= top;
  const room = (isBelow ? window.innerHeight - bottom : top) - 12;
  style.setProperty('--left', `${Math.max(0, left)}px`);
  style.setProperty('--room', `${room}px`);
  style.top = isBelow ? `${bottom + 4}px` : 'auto';
  style.bottom = isBelow ? 'auto' : `${window.innerHeight - top + 4}px`;
}
