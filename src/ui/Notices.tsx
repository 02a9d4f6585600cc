/** What the page tells without being asked: a line of status that screen readers hear, and notices to be dismissed. */
import { Button } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { doing } from '#stores/doing';
import { bringBack, project } from '#stores/project';
import type { ViewState } from '#stores/state';
import { training } from '#stores/training';
import { dismissNotice, view } from '#stores/view';
import styles from '#ui/app.module.css';
import { Notice } from '#ui/kit/Feedback.tsx';
import { Actions } from '#ui/kit/Layout.tsx';
import { useThrottledStore } from '#ui/kit/use-throttled.ts';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import { focusOn, nameId, restoreId } from '#ui/models/focus.ts';

/** Progress is spoken every few seconds only, in milliseconds: oftener would drown everything else. */
const SPOKEN = 2500;

export function StatusBar() {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const announcement = useStore(view, (state) => state.announcement);
  const status = useStore(training, (state) => state.status);
  const { progress } = useThrottledStore(training, SPOKEN);
  const told = progress && {
    epoch: format.number(progress.point.epoch, 1),
    accuracy: format.percent(progress.point.trainAccuracy, 1),
    left: format.duration(progress.secondsLeft),
  };
  const work = useWork();
  const isNews = useIsNews(announcement);
  const running =
    status === 'idle'
      ? work
      : status === 'finishing'
        ? t('train.finishing')
        : told
          ? t(status === 'paused' ? 'frame.paused' : 'frame.progress', told)
          : t('frame.training');
  return (
    <footer className={styles.status}>
      <p role="status" aria-live="polite" aria-label={t('frame.status')}>
        {announcement && (isNews || running === null) ? words(announcement) : (running ?? t('frame.ready'))}
      </p>
    </footer>
  );
}

/** What is going on beside training: at once when it begins and ends, in between as often as training. */
function useWork(): string | null {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const kind = useStore(doing, ({ now }) => now?.kind);
  const { now: told } = useThrottledStore(doing, SPOKEN);
  if (kind === undefined) return null;
  const now = told?.kind === kind ? told : doing.getState().now;
  const name = now?.name ? words(now.name) : '';
  return t(`frame.doing.${kind}`, { name, done: format.percent(now?.done ?? 0, 0) });
}

/** How long something that is announced while something else goes on is told instead, in milliseconds. */
const NEWS = 6000;

function useIsNews(thing: unknown): boolean {
  const [known, setKnown] = useState(thing);
  useEffect(() => {
    const timer = setTimeout(() => setKnown(thing), NEWS);
    return () => clearTimeout(timer);
  }, [thing]);
  return thing !== known;
}

/** How long a notice that asks for nothing stays, in milliseconds: time to read it twice. */
const STAYS = 12_000;

export function Notices() {
  const notices = useStore(view, (state) => state.notices);
  const box = useRef<HTMLDivElement>(null);
  // News goes by itself, unless somebody is at it; an error stays until it is dismissed.
  const news = notices.find(({ level }) => level === 'info')?.id;
  useEffect(() => {
    if (news === undefined) return;
    const timer = setInterval(() => {
      if (!box.current?.matches(':hover, :focus-within')) dismissNotice(news);
    }, STAYS);
    return () => clearInterval(timer);
  }, [news]);
  return (
    <div ref={box} className={styles.notices}>
      {notices.map((notice) => (
        <Told key={notice.id} notice={notice} />
      ))}
    </div>
  );
}

function Told({ notice: { id, level, words: said, hint, restores } }: { notice: ViewState['notices'][number] }) {
  const words = useWords();
  return (
    <Notice level={level} text={words(said)} hint={hint && words(hint)} onDismiss={() => dismissNotice(id)}>
      {restores !== undefined && <Restore node={restores} notice={id} />}
    </Notice>
  );
}

/** Brings a removed model back. Where that was done otherwise the notice has nothing more to say. */
function Restore({ node, notice }: { node: string; notice: number }) {
  const t = useText();
  const isBack = useStore(project, ({ order }) => order.includes(node));
  useEffect(() => {
    if (isBack) dismissNotice(notice);
  }, [isBack, notice]);
  return (
    <Actions>
      <Button
        id={restoreId(node)}
        size="compact-sm"
        variant="default"
        onClick={({ detail }) => {
          bringBack(node);
          if (detail === 0) focusOn(nameId(node));
        }}
      >
        {t('frame.undo')}
      </Button>
    </Actions>
  );
}
