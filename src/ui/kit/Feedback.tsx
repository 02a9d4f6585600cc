/** What the page says back: how far something is, what went wrong and what to do, what will be here one day. */
import { ActionIcon, Progress } from '@mantine/core';
import type { ReactNode } from 'react';
import styles from '#ui/kit/feedback.module.css';
import { CloseIcon, InfoIcon, WarnIcon } from '#ui/kit/icons.tsx';
import lines from '#ui/kit/text.module.css';
import { useFormat, useText } from '#ui/kit/words.ts';

/** A named progress bar. `done` from 0 to 1. */
export function ProgressLine({ label, done, note }: { label: string; done: number; note?: string }) {
  const format = useFormat();
  return (
    <div className={styles.progress}>
      <div className={styles.progressHead} aria-hidden="true">
        <span>{label}</span>
        <span>{note ?? format.percent(done, 0)}</span>
      </div>
      <Progress.Root size="sm" radius="xl">
        <Progress.Section
          color="var(--w-accent)"
          value={done * 100}
          aria-label={label}
          aria-valuetext={note ?? format.percent(done, 0)}
        />
      </Progress.Root>
    </div>
  );
}

interface NoticeProps {
  readonly level: 'info' | 'error';
  readonly text: ReactNode;
  /** What to do about it. */
  readonly hint?: ReactNode;
  readonly onDismiss?: () => void;
  readonly children?: ReactNode;
}

/** Something the person should know. Errors are announced at once. */
export function Notice({ level, text, hint, onDismiss, children }: NoticeProps) {
  const t = useText();
  return (
    <div
      className={`${styles.notice} ${level === 'error' ? styles.noticeBad : ''}`}
      role={level === 'error' ? 'alert' : undefined}
    >
      <span className={styles.noticeIcon}>{level === 'error' ? <WarnIcon /> : <InfoIcon />}</span>
      <div>{text}</div>
      {onDismiss ? (
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label={t('frame.dismiss')} onClick={onDismiss}>
          <CloseIcon size={16} />
        </ActionIcon>
      ) : (
        <span />
      )}
      {hint && <div className={styles.noticeHint}>{hint}</div>}
      {children && <div className={styles.noticeActions}>{children}</div>}
    </div>
  );
}

/** What an empty place will hold, and how to fill it. */
export function EmptyState({
  title,
  text,
  children,
  hint,
}: {
  title: string;
  text: string;
  children?: ReactNode;
  hint?: string;
}) {
  return (
    <div className={styles.empty}>
      <h3 className={styles.emptyTitle}>{title}</h3>
      <p className={lines.text}>{text}</p>
      {children}
      {hint && <p className={lines.help}>{hint}</p>}
    </div>
  );
}
