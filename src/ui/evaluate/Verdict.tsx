/** The one figure that everything begins with: the share of images that is right, how far chance goes, what it took. */
import { useStore } from 'zustand';
import { project } from '#stores/project';
import { trainingSeconds } from '#stores/seconds';
import type { ModelNode } from '#stores/state';
import styles from '#ui/evaluate/evaluate.module.css';
import { Help } from '#ui/kit/Layout.tsx';
import { Stat, Stats } from '#ui/kit/Stat.tsx';
import { Term } from '#ui/kit/Term.tsx';
import { useFormat, useText } from '#ui/kit/words.ts';
import type { ExaminedSplit, ExamineResult } from '#worker/protocol-evaluation';

interface VerdictProps {
  readonly node: ModelNode;
  readonly split: ExaminedSplit;
  readonly result: ExamineResult;
}

export function Verdict({ node, split, result }: VerdictProps) {
  const t = useText();
  const format = useFormat();
  const nodes = useStore(project, (state) => state.nodes);
  const { accuracy, images, unanswered, topK } = result;
  const learned = learnedFrom(node, result);
  const seconds = trainingSeconds(nodes, node);
  return (
    <section className={styles.verdict} aria-live="polite">
      <div className={styles.share}>
        <p className={styles.percent} data-value={accuracy.value}>
          {format.percent(accuracy.value)}
        </p>
        <div className={styles.beside}>
          <IntervalBar low={accuracy.low} value={accuracy.value} high={accuracy.high} />
        </div>
      </div>
      <p className={styles.says}>
        {t('evaluate.right', {
          right: format.count(Math.round(accuracy.value * images)),
          images: format.count(images),
          part: t(`evaluate.parts.${split}`),
        })}
        <br />
        <Term id="interval">{t('evaluate.interval', { range: format.range(accuracy.low, accuracy.high) })}</Term>
      </p>
      {learned && <Help>{t(`evaluate.learned.${learned}`)}</Help>}
      {unanswered > 0 && <Help>{t('evaluate.unanswered', { count: unanswered })}</Help>}
      <div className={styles.figures}>
        <Stats>
          {topK
            .filter(({ k }) => k > 1)
            .map(({ k, accuracy: among }) => (
              <Stat
                key={k}
                title={t('evaluate.firstHelp', { k })}
                label={t('evaluate.first', { k })}
                value={format.percent(among.value)}
                raw={among.value}
                note={format.range(among.low, among.high, 1)}
              />
            ))}
          {seconds !== null && (
            <Stat
              title={t('evaluate.trainingHelp')}
              label={t('evaluate.training')}
              value={format.duration(seconds)}
              raw={seconds}
            />
          )}
        </Stats>
      </div>
    </section>
  );
}

/** What members that were made together learned is no secret, but whose groups were found by looking at validation. */
function learnedFrom({ origin }: ModelNode, { learned }: ExamineResult): 'heldOut' | 'elsewhere' | null {
  if (learned === 'held-out') return 'heldOut';
  const isOpen = origin.kind === 'opened' || (origin.kind === 'combined' && origin.making === 'specialists');
  return learned === 'elsewhere' && isOpen ? 'elsewhere' : null;
}

/** The interval on a scale that ends at 1 and begins at a round share well below it. The numbers stand beside it. */
function IntervalBar({ low, value, high }: { low: number; value: number; high: number }) {
  const format = useFormat();
  const from = Math.max(0, Math.floor((2 * low - 1) * 20) / 20);
  const at = (share: number) => `${(((share - from) / (1 - from)) * 100).toFixed(2)}%`;
  return (
    <div className={styles.interval} aria-hidden="true">
      <div className={styles.scale}>
        <span className={styles.band} style={{ left: at(low), right: `calc(100% - ${at(high)})` }} />
        <span className={styles.mark} style={{ left: at(value) }} />
      </div>
      <div className={styles.ends}>
        <span>{format.percent(from, 0)}</span>
        <span>{format.percent(1, 0)}</span>
      </div>
    </div>
  );
}
