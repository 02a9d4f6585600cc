/** The selected model made again with other seeds: mean, spread, and every run. */
import { useStore } from 'zustand';
import { project } from '#stores/project';
import { repeatable, repeatModel } from '#stores/repeat';
import { search, setRepeats } from '#stores/search-setup';
import { spreadOf } from '#stores/spread';
import type { ModelNode } from '#stores/state';
import { Notice } from '#ui/kit/Feedback.tsx';
import { NumberField } from '#ui/kit/Fields.tsx';
import { Fields, Help, Section } from '#ui/kit/Layout.tsx';
import { Stat, Stats } from '#ui/kit/Stat.tsx';
import { useThrottledPart } from '#ui/kit/use-throttled.ts';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import { Progress } from '#ui/search/JobView.tsx';
import { StartOrElse } from '#ui/search/Setup.tsx';
import styles from '#ui/search/search.module.css';

const jobIn = ({ job }: ReturnType<typeof search.getState>) => job;

export function RepeatView() {
  const t = useText();
  const words = useWords();
  const node = useStore(project, ({ nodes, selected }) => (selected === null ? null : (nodes[selected] ?? null)));
  const repeats = useStore(search, (state) => state.repeats);
  const job = useThrottledPart(search, jobIn);
  const own = job?.purpose === 'repeat' ? job : null;
  const how = node && repeatable(node);
  return (
    <>
      <Help>{t('search.intros.repeat')}</Help>
      {own && <Progress job={own} />}
      {own?.fault && (
        <Notice level="error" text={words(own.fault.words)} hint={own.fault.hint && words(own.fault.hint)} />
      )}
      {node && how ? (
        (!own || own.status === 'done' || own.status === 'stopped' || own.status === 'failed') && (
          <Section heading={node.name}>
            <Help>{t(how.base.start.kind === 'fresh' ? 'search.repeatFresh' : 'search.repeatFurther')}</Help>
            <Fields>
              <NumberField
                label={t('search.repeats')}
                help={t('search.repeatsHelp')}
                value={repeats}
                min={1}
                max={50}
                onChange={setRepeats}
              />
            </Fields>
            <StartOrElse disabled={false} label={t('search.startRepeat')} onStart={() => void repeatModel()} />
          </Section>
        )
      ) : (
        <Notice level="info" text={t('search.notRepeatable')} />
      )}
      {node && <Spread node={node} />}
    </>
  );
}

function Spread({ node }: { node: ModelNode }) {
  const t = useText();
  const format = useFormat();
  const spread = spreadOf(node);
  const { runs = [], validation, test } = node;
  if (!spread) return null;
  const isAlike = spread.validation.deviation === 0 && (spread.test?.deviation ?? 0) === 0;
  return (
    <Section heading={t('search.spreadTitle')}>
      <Help>{t('search.spreadOf', { count: spread.validation.runs })}</Help>
      <Stats>
        <Stat
          label={t('search.meanValidation')}
          value={format.percent(spread.validation.mean)}
          raw={spread.validation.mean}
          note={t('search.deviation', { deviation: format.percent(spread.validation.deviation) })}
        />
        {spread.test && (
          <Stat
            label={t('search.meanTest')}
            value={format.percent(spread.test.mean)}
            raw={spread.test.mean}
            note={t('search.deviation', { deviation: format.percent(spread.test.deviation) })}
          />
        )}
      </Stats>
      {isAlike && <Help>{t('search.sameRuns')}</Help>}
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{t('search.seedColumns.seed')}</th>
            <th scope="col">{t('search.seedColumns.validation')}</th>
            <th scope="col">{t('search.seedColumns.test')}</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">{t('search.thisModel')}</th>
            <td>{validation ? format.percent(validation.value) : '–'}</td>
            <td>{test ? format.percent(test.value) : '–'}</td>
          </tr>
          {runs.map((run) => (
            <tr key={run.seed}>
              <th scope="row">{run.seed}</th>
              <td data-value={run.validation.value}>{format.percent(run.validation.value)}</td>
              <td data-value={run.test?.value}>{run.test ? format.percent(run.test.value) : '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Help>{t('search.faint')}</Help>
    </Section>
  );
}
