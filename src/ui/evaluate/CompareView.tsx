/** The model beside another one on the same images: who is better, whether that is more than luck, and where they differ. */
import { useState } from 'react';
import { useStore } from 'zustand';
import type { Difference } from '#core/metrics/comparison';
import { compareQuestion, comparisonOf, evaluate, mustAsk, otherOf, othersOf, setOther } from '#stores/evaluate';
import { project } from '#stores/project';
import type { ModelNode } from '#stores/state';
import { AskFirst } from '#ui/evaluate/AskFirst.tsx';
import { useClassNames } from '#ui/evaluate/class-names.ts';
import styles from '#ui/evaluate/evaluate.module.css';
import { Images } from '#ui/evaluate/Images.tsx';
import { signedPoints } from '#ui/kit/changes.ts';
import { Notice } from '#ui/kit/Feedback.tsx';
import { SelectField } from '#ui/kit/Fields.tsx';
import { Section } from '#ui/kit/Layout.tsx';
import { Stat, Stats } from '#ui/kit/Stat.tsx';
import { useFormat, useText } from '#ui/kit/words.ts';
import type { CompareResult, ExaminedSplit } from '#worker/protocol-evaluation';

const KINDS = ['onlyA', 'onlyB', 'bothWrong'] as const satisfies readonly Difference[];
/** Below it, a difference is said to be more than luck. */
const LUCK = 0.05;

export function CompareView({ node, split }: { node: ModelNode; split: ExaminedSplit }) {
  const t = useText();
  useStore(evaluate);
  useStore(project, (state) => state.order);
  const others = othersOf(node);
  const other = otherOf(node);
  const question = other && compareQuestion(node, other, split);
  if (!other || !question) return <Notice level="info" text={t('evaluate.compare.none')} />;
  const result = comparisonOf(node, other, split);
  return (
    <>
      <SelectField
        label={t('evaluate.compare.with')}
        value={other.id}
        onChange={setOther}
        choices={others.map(({ id, name }) => ({ value: id, label: name }))}
      />
      {!result && mustAsk(question) && <AskFirst question={question} action={t('evaluate.compare.look')} />}
      {result && <Compared a={node} b={other} result={result} />}
    </>
  );
}

function Compared({ a, b, result }: { a: ModelNode; b: ModelNode; result: CompareResult }) {
  const t = useText();
  const format = useFormat();
  const { counts, difference, p, agreement, images } = result;
  const names = { a: `A\u00a0(${a.name})`, b: `B\u00a0(${b.name})` };
  const kind = difference.value > 0 ? 'more' : difference.value < 0 ? 'less' : 'same';
  const points = format.fixed(Math.abs(difference.value) * 100, 2);
  return (
    <>
      <section className={styles.verdict} aria-live="polite" data-p={p}>
        <p className={styles.finding}>{t(`evaluate.compare.${kind}`, { ...names, points })}</p>
        <p className={styles.says}>
          {t('evaluate.compare.interval', {
            low: signedPoints(difference.low, format),
            high: signedPoints(difference.high, format),
          })}{' '}
          {t(p < LUCK ? 'evaluate.compare.real' : 'evaluate.compare.chance', { share: smallShare(p, format.percent) })}
        </p>
        <Stats>
          <Stat label={t('evaluate.compare.mcnemar')} value={p < 0.0005 ? '< 0.001' : format.fixed(p, 3)} raw={p} />
          <Stat
            title={t('evaluate.compare.agreementHelp')}
            label={t('evaluate.compare.agreement')}
            value={format.percent(agreement, 1)}
            raw={agreement}
          />
        </Stats>
      </section>
      <Pairs counts={counts} images={images} />
      <Differing result={result} a={a} />
    </>
  );
}

/** 34 %, 0.2 %, < 0.1 %. */
export function smallShare(share: number, percent: (share: number, digits: number) => string): string {
  if (share < 0.001) return `< ${percent(0.001, 1)}`;
  return percent(share, share < 0.0995 ? 1 : 0);
}

function Pairs({ counts, images }: Pick<CompareResult, 'counts' | 'images'>) {
  const t = useText();
  const format = useFormat();
  const cell = (key: keyof CompareResult['counts']) => (
    <td data-kind={key} data-value={counts[key]}>
      {format.count(counts[key])}
      <span className={styles.sub}>{format.percent(counts[key] / Math.max(1, images), 1)}</span>
    </td>
  );
  return (
    <table className={styles.pairs}>
      <caption className={styles.caption}>{t('evaluate.compare.table')}</caption>
      <thead>
        <tr>
          <td />
          <th scope="col">{t('evaluate.compare.isRight', { name: 'B' })}</th>
          <th scope="col">{t('evaluate.compare.isWrong', { name: 'B' })}</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">{t('evaluate.compare.isRight', { name: 'A' })}</th>
          {cell('both')}
          {cell('onlyA')}
        </tr>
        <tr>
          <th scope="row">{t('evaluate.compare.isWrong', { name: 'A' })}</th>
          {cell('onlyB')}
          {cell('neither')}
        </tr>
      </tbody>
    </table>
  );
}

function Differing({ result, a }: { result: CompareResult; a: ModelNode }) {
  const t = useText();
  const format = useFormat();
  const classes = useClassNames(a);
  const [wanted, setWanted] = useState<Difference | null>(null);
  const kind = wanted ?? KINDS.find((one) => result.differing[one].total > 0) ?? 'onlyA';
  return (
    <Section heading={t('evaluate.compare.differ')}>
      <fieldset className={styles.kinds}>
        <legend className="w-hidden">{t('evaluate.compare.differ')}</legend>
        {KINDS.map((one) => (
          <button
            key={one}
            type="button"
            className={styles.kind}
            aria-pressed={one === kind}
            onClick={() => setWanted(one)}
          >
            {t(`evaluate.compare.${one}`)} <b>{format.count(result.differing[one].total)}</b>
          </button>
        ))}
      </fieldset>
      <Images
        key={kind}
        found={result.differing[kind]}
        classes={classes}
        said={['A', 'B']}
        none={t('evaluate.compare.nothing')}
      />
    </Section>
  );
}
