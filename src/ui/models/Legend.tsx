/** What the marks and lines of the chart mean; only what is on it. */
import { useStore } from 'zustand';
import { view } from '#stores/view';
import { Mark, type MarkKind } from '#ui/kit/Mark.tsx';
import { Term } from '#ui/kit/Term.tsx';
import { useText } from '#ui/kit/words.ts';
import styles from '#ui/models/chart.module.css';

interface LegendProps {
  readonly kinds: readonly MarkKind[];
  readonly hasFront: boolean;
  readonly hasLive: boolean;
  readonly hasPreview: boolean;
  readonly hasSweep: boolean;
  readonly hasRuns: boolean;
  readonly hasCandidates: boolean;
  readonly note: string | null;
}

export function Legend({ kinds, hasFront, hasLive, hasPreview, hasSweep, hasRuns, hasCandidates, note }: LegendProps) {
  const t = useText();
  const isCombining = useStore(view, (state) => state.tab === 'combine');
  return (
    <div className={styles.legend}>
      {note && <span>{note}</span>}
      {kinds.map((kind) => (
        <span key={kind} className={styles.legendItem}>
          <Mark kind={kind} />
          {t(`models.kinds.${kind}`)}
        </span>
      ))}
      {hasFront && (
        <>
          <span className={styles.legendItem} title={t('models.frontHelp')}>
            <Sign>
              <path d="M0 11V7h8V3h8" stroke="var(--w-text)" />
            </Sign>
            {t('models.front')}
          </span>
          <span className={styles.legendItem}>
            <Sign>
              <path d="M8 1v12M5 1h6M5 13h6" stroke="var(--w-line-strong)" />
            </Sign>
            <Term id="interval">{t('models.interval')}</Term>
          </span>
        </>
      )}
      {(hasRuns || hasCandidates) && (
        <span className={styles.legendItem}>
          <Sign>
            <circle cx="5" cy="8" r="2.5" fill="var(--w-text)" opacity="0.35" />
            <circle cx="11" cy="5" r="2.5" fill="var(--w-text)" opacity="0.35" />
          </Sign>
          {[...(hasRuns ? [t('models.runs')] : []), ...(hasCandidates ? [t('models.candidates')] : [])].join(
            t('unit.and'),
          )}
        </span>
      )}
      {hasLive && (
        <span className={styles.legendItem}>
          <Sign>
            <circle cx="8" cy="7" r="5" stroke="var(--w-accent)" strokeWidth="2" />
          </Sign>
          {t('models.live')}
        </span>
      )}
      {hasPreview && (
        <span className={styles.legendItem}>
          <Sign>
            <circle cx="8" cy="7" r="5" stroke="var(--w-accent)" strokeWidth="2" strokeDasharray="3 2.2" />
          </Sign>
          {t(isCombining ? 'models.chosen' : 'models.preview')}
        </span>
      )}
      {hasSweep && (
        <span className={styles.legendItem}>
          <Sign>
            <path d="M0 12C6 12 6 3 16 3" stroke="var(--w-accent)" opacity="0.6" />
          </Sign>
          {t('models.sweep')}
        </span>
      )}
    </div>
  );
}

function Sign({ children }: { children: React.ReactNode }) {
  return (
    <svg
      viewBox="0 0 16 14"
      width="1rem"
      height="0.875rem"
      fill="none"
      strokeWidth="1.5"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  );
}
