/** Each class by itself: precision, recall, F1 and area under the curve, their means, and the curves. */
import { lazy, Suspense, useState } from 'react';
import type { Scores } from '#core/metrics/class-scores';
import type { ModelNode } from '#stores/state';
import { useClassNames } from '#ui/evaluate/class-names.ts';
import styles from '#ui/evaluate/evaluate.module.css';
import { FlagField, SelectField } from '#ui/kit/Fields.tsx';
import { Help, More, Section } from '#ui/kit/Layout.tsx';
import { useFormat, useText } from '#ui/kit/words.ts';
import type { ExamineResult } from '#worker/protocol-evaluation';

const RocChart = lazy(() => import('#ui/evaluate/RocChart.tsx'));
const COLUMNS = ['class', 'precision', 'recall', 'f1', 'auc', 'images'] as const;
/** Where the mean area is larger, curves are seen only in the enlarged corner. */
const CORNERED = 0.97;

export function ClassesView({ node, result }: { node: ModelNode; result: ExamineResult }) {
  const t = useText();
  const classes = useClassNames(node);
  const { scores, roc } = result;
  const [chosen, setChosen] = useState<number | null>(null);
  const [isCorner, setCorner] = useState((roc.macro ?? 0) > CORNERED);
  const named = (labels: readonly number[]) => labels.map(classes.name).join(t('unit.and'));
  return (
    <>
      <ScoresTable result={result} nameOf={classes.name} />
      {scores.neverAnswered.length > 0 && (
        <Help>{t('evaluate.classes.neverAnswered', { classes: named(scores.neverAnswered) })}</Help>
      )}
      {scores.absent.length > 0 && <Help>{t('evaluate.classes.absent', { classes: named(scores.absent) })}</Help>}
      <More summary={t('evaluate.classes.whatMeans')}>
        <Help>{t('evaluate.classes.means')}</Help>
      </More>
      {roc.classes.length > 0 && (
        <Section heading={t('evaluate.classes.roc')}>
          <SelectField
            label={t('evaluate.classes.curve')}
            value={chosen === null ? '' : String(chosen)}
            onChange={(value) => setChosen(value === '' ? null : Number(value))}
            choices={[
              { value: '', label: t('evaluate.classes.all') },
              ...roc.classes.map(({ class: label }) => ({ value: String(label), label: classes.name(label) })),
            ]}
          />
          <Suspense fallback={<div className={styles.plot} />}>
            <RocChart
              curves={roc.classes}
              chosen={chosen}
              isCorner={isCorner}
              label={t('evaluate.classes.rocLabel', {
                classes: chosen === null ? t('evaluate.classes.all') : classes.name(chosen),
              })}
            />
          </Suspense>
          <FlagField label={t('evaluate.classes.corner')} value={isCorner} onChange={setCorner} />
        </Section>
      )}
    </>
  );
}

function ScoresTable({ result, nameOf }: { result: ExamineResult; nameOf: (label: number) => string }) {
  const t = useText();
  const format = useFormat();
  const { scores, roc } = result;
  const cells = ({ precision, recall, f1 }: Scores) =>
    [precision, recall, f1].map((value, at) => (
      <td key={COLUMNS[at + 1]} data-value={value}>
        {format.percent(value, 1)}
      </td>
    ));
  const mean = (name: 'macro' | 'weighted' | 'micro', auc: number | null) => (
    <tr>
      <th scope="row">{t(`evaluate.classes.${name}`)}</th>
      {cells(scores[name])}
      <td data-value={auc ?? undefined}>{auc === null ? '' : format.fixed(auc, 3)}</td>
      <td />
    </tr>
  );
  return (
    <table className={`${styles.numbers} ${styles.dense}`}>
      <caption className={styles.caption}>{t('evaluate.classes.caption')}</caption>
      <thead>
        <tr>
          {COLUMNS.map((column) => (
            <th key={column} scope="col">
              {t(`evaluate.classes.columns.${column}`)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {scores.classes.map((row, label) => {
          const auc = roc.classes.find((curve) => curve.class === label)?.auc;
          return (
            <tr key={nameOf(label)}>
              <th scope="row">{nameOf(label)}</th>
              {cells(row)}
              <td data-value={auc}>{auc === undefined ? '–' : format.fixed(auc, 3)}</td>
              <td data-value={row.images}>{format.count(row.images)}</td>
            </tr>
          );
        })}
      </tbody>
      <tfoot>
        {mean('macro', roc.macro)}
        {mean('weighted', null)}
        {mean('micro', null)}
      </tfoot>
    </table>
  );
}
