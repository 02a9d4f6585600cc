/** What the page tells without being asked: a line of status that screen readers hear, and notices to be dismissed. */
import { useStore } from 'zustand';
import { training } from '#stores/training';
import { dismissNotice, view } from '#stores/view';
import styles from '#ui/app.module.css';
import { Notice } from '#ui/kit/Feedback.tsx';
import { useThrottledStore } from '#ui/kit/use-throttled.ts';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';

export function StatusBar() {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const announcement = useStore(view, (state) => state.announcement);
  const status = useStore(training, (state) => state.status);
  // Progress is spoken every few seconds only; oftener would drown everything else.
  const { progress } = useThrottledStore(training, 2500);
  const told = progress && {
    epoch: format.number(progress.point.epoch, 1),
    accuracy: format.percent(progress.point.trainAccuracy, 1),
    left: format.duration(progress.secondsLeft),
  };
  const running =
    status === 'idle'
      ? null
      : status === 'finishing'
        ? t('train.finishing')
        : told
          ? t(status === 'paused' ? 'frame.paused' : 'frame.progress', told)
          : t('frame.training');
  return (
    <footer className={styles.status}>
      <p role="status" aria-live="polite" aria-label={t('frame.status')}>
        {running ?? (announcement ? words(announcement) : t('frame.ready'))}
      </p>
    </footer>
  );
}

export function Notices() {
  const words = useWords();
  const notices = useStore(view, (state) => state.notices);
  return (
    <div className={styles.notices}>
      {notices.map((notice) => (
        <Notice
          key={notice.id}
          level={notice.level}
          text={words(notice.words)}
          hint={notice.hint && words(notice.hint)}
          onDismiss={() => dismissNotice(notice.id)}
        />
      ))}
    </div>
  );
}
