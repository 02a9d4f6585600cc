/** How far a model's confidence can be trusted, as it is and after temperature scaling. */
import { lazy, Suspense } from 'react';
import type { Reliability } from '#core/metrics/calibration';
import styles from '#ui/evaluate/evaluate.module.css';
import { Notice } from '#ui/kit/Feedback.tsx';
import { Help, More, Section, Text } from '#ui/kit/Layout.tsx';
import { useFormat, useText } from '#ui/kit/words.ts';
import type { ExaminedSplit, ExamineResult } from '#worker/protocol-evaluation';

const ReliabilityChart = lazy(() => import('#ui/evaluate/ReliabilityChart.tsx'));
/** Less is not worth a word: half a point. */
const EVEN = 0.005;

export function ConfidenceView({ split, result }: { split: ExaminedSplit; result: ExamineResult }) {
  const t = useText();
  const format = useFormat();
  const { confidence, scaled, accuracy, gives } = result;
  const said = meanConfidence(confidence);
  const off = said - accuracy.value;
  const kind = off > EVEN ? 'over' : off < -EVEN ? 'under' : 'even';
  const names = {
    before: t('evaluate.confidence.asIs'),
    after: t('evaluate.confidence.scaled', { value: format.number(scaled.value, 2) }),
  };
  return (
    <>
      {gives === 'scores' ? (
        <Notice level="info" text={t('evaluate.confidence.scores')} />
      ) : (
        <Text>
          {t(`evaluate.confidence.${kind}`, {
            confidence: format.percent(said, 1),
            accuracy: format.percent(accuracy.value, 1),
          })}
        </Text>
      )}
      <table className={styles.numbers}>
        <thead>
          <tr>
            <th scope="col">{t('evaluate.confidence.figure')}</th>
            <th scope="col">{names.before}</th>
            <th scope="col">{names.after}</th>
          </tr>
        </thead>
        <tbody>
          <tr data-figure="ece">
            <th scope="row">{t('evaluate.confidence.ece')}</th>
            <td data-value={confidence.error}>{format.percent(confidence.error)}</td>
            <td data-value={scaled.error}>{format.percent(scaled.error)}</td>
          </tr>
          <tr data-figure="log-loss">
            <th scope="row">{t('evaluate.confidence.logLoss')}</th>
            <td data-value={confidence.logLoss}>{format.fixed(confidence.logLoss, 4)}</td>
            <td data-value={scaled.logLoss}>{format.fixed(scaled.logLoss, 4)}</td>
          </tr>
        </tbody>
      </table>
      <Help>{t('evaluate.confidence.temperature')}</Help>
      {split === 'validation' && <Help>{t('evaluate.confidence.fitted')}</Help>}
      <Section heading={t('evaluate.confidence.chart')}>
        <Suspense fallback={<div className={styles.plot} />}>
          <ReliabilityChart
            before={confidence}
            after={scaled}
            names={names}
            label={t('evaluate.confidence.chartLabel')}
          />
        </Suspense>
        <Help>{t('evaluate.confidence.dots')}</Help>
        <More summary={t('evaluate.confidence.asTable')}>
          <Bins name={names.before} reliability={confidence} />
          <Bins name={names.after} reliability={scaled} />
        </More>
      </Section>
    </>
  );
}

/** Mean top probability over all images. */
function meanConfidence({ bins }: Reliability): number {
  let sum = 0;
  let all = 0;
  for (const { images, confidence } of bins) {
    if (images > 0) sum += images * confidence;
    all += images;
  }
  return all > 0 ? sum / all : 0;
}

function Bins({ name, reliability }: { name: string; reliability: Reliability }) {
  const t = useText();
  const format = useFormat();
  return (
    <table className={styles.numbers}>
      <caption className={styles.caption}>{name}</caption>
      <thead>
        <tr>
          <th scope="col">{t('evaluate.confidence.columns.bin')}</th>
          <th scope="col">{t('evaluate.confidence.columns.images')}</th>
          <th scope="col">{t('evaluate.confidence.columns.said')}</th>
          <th scope="col">{t('evaluate.confidence.columns.right')}</th>
        </tr>
      </thead>
      <tbody>
        {reliability.bins
          .filter(({ images }) => images > 0)
          .map(({ low, high, images, confidence, accuracy }) => (
            <tr key={low}>
              <th scope="row">{format.range(low, high, 0)}</th>
              <td>{format.count(images)}</td>
              <td>{format.percent(confidence, 1)}</td>
              <td>{format.percent(accuracy, 1)}</td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}
