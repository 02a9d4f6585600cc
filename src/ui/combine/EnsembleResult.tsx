/** One ensemble: side by side with its members and students, who carries it, how differently they err, on which images. */
import { Button } from '@mantine/core';
import { useStore } from 'zustand';
import { project } from '#stores/project';
import type { ModelNode } from '#stores/state';
import styles from '#ui/combine/combine.module.css';
import { Differing } from '#ui/combine/Differing.tsx';
import { type CombinedOrigin, linesOf, studentsOf } from '#ui/combine/lines.ts';
import { MemberBars } from '#ui/combine/MemberBars.tsx';
import { Notes } from '#ui/combine/Notes.tsx';
import { Away, Closer } from '#ui/combine/Onward.tsx';
import { PairTable } from '#ui/combine/PairTable.tsx';
import { SideBySide } from '#ui/combine/SideBySide.tsx';
import { bestOf } from '#ui/combine/TogetherBox.tsx';
import { WayPicture } from '#ui/combine/WayPicture.tsx';
import { shapeOf } from '#ui/combine/way-shapes.ts';
import { signedPoints } from '#ui/kit/changes.ts';
import { Actions, Section, Text } from '#ui/kit/Layout.tsx';
import { useFormat, useText } from '#ui/kit/words.ts';
import { distil } from '#ui/predictor/distil.ts';

export function EnsembleResult({ node, origin }: { node: ModelNode; origin: CombinedOrigin }) {
  const t = useText();
  const state = useStore(project);
  const { result, way, values } = origin;
  const { members, onlyTogether, onlyApart } = result;
  const students = studentsOf(state, node.id);
  const names = members.map(({ name }) => name);
  const threshold = values['threshold'];
  return (
    <>
      <Verdict node={node} origin={origin} students={students} />
      <WayPicture shape={shapeOf(way)} members={members} threshold={typeof threshold === 'number' ? threshold : null} />
      <Section heading={t('combine.sideBySide')}>
        <SideBySide caption={t('combine.sideBySide')} lines={linesOf(state, node, origin)} />
      </Section>
      <Section heading={t('combine.next')}>
        <Text>{t('combine.nextHelp')}</Text>
        <Actions>
          <Button size="xs" onClick={() => distil(node)}>
            {t('combine.distil')}
          </Button>
          <Closer />
          <Away />
        </Actions>
      </Section>
      <Section heading={t('combine.carries')}>
        <MemberBars members={members} />
      </Section>
      {members.length > 1 && (
        <Section heading={t('combine.differ')}>
          <PairTable names={names} pairs={result} />
        </Section>
      )}
      <Differing kind="only" node={node} indices={onlyTogether} />
      {onlyApart.length > 0 && <Differing kind="apart" node={node} indices={onlyApart} />}
      <Notes notes={node.notes} />
    </>
  );
}

interface VerdictProps {
  readonly node: ModelNode;
  readonly origin: CombinedOrigin;
  readonly students: readonly ModelNode[];
}

/** Whether it paid, in a sentence, whichever way it went. */
function Verdict({ node, origin, students }: VerdictProps) {
  const t = useText();
  const format = useFormat();
  const alone = origin.result.members.map(({ test }) => test.value);
  const best = alone[bestOf(alone)] ?? 0;
  const together = origin.result.test.value;
  const difference = together - best;
  const taught = students[bestOf(students.map(({ test }) => test?.value ?? 0))];
  const key = Math.abs(difference) < 1e-9 ? 'even' : difference > 0 ? 'won' : 'lost';
  return (
    <div className={styles.verdict} data-verdict={key}>
      <p>
        {t(`combine.${key}`, {
          together: format.percent(together),
          best: format.percent(best),
          difference: signedPoints(Math.abs(difference), format).slice(1),
        })}
      </p>
      {taught?.test && (
        <p>
          {t('combine.student', {
            student: format.percent(taught.test.value),
            share: format.percent(taught.summary.parameters / node.summary.parameters, 0),
          })}
        </p>
      )}
    </div>
  );
}
