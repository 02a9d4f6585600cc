/** What was being applied when the page was left: go on with it, or let it go. */
import { Button } from '@mantine/core';
import { useStore } from 'zustand';
import { passById } from '#core/passes/index';
import { discardApplication, interruptedApplying } from '#stores/interrupted-applying';
import { optimize } from '#stores/optimize';
import { project } from '#stores/project';
import { continueApplication, recipes } from '#stores/recipes';
import type { InterruptedState } from '#stores/state';
import { Notice } from '#ui/kit/Feedback.tsx';
import { Actions } from '#ui/kit/Layout.tsx';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';

export function Interrupted() {
  const application = useStore(interruptedApplying, (state) => state.application);
  const name = useStore(project, ({ nodes, order }) => {
    const id = application?.asked.node ?? '';
    return order.includes(id) ? nodes[id]?.name : undefined;
  });
  // Undo may bring its model back.
  return application && name !== undefined ? <Offered application={application} name={name} /> : null;
}

function Offered({ application, name }: { application: NonNullable<InterruptedState['application']>; name: string }) {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const isApplying = useStore(optimize, (state) => state.applying !== null);
  const isRunning = useStore(recipes, (state) => state.running !== null);
  const { asked, done, epoch } = application;
  const runs = asked.recipe.steps.filter(({ off }, at) => at >= asked.from && !off);
  const pass = passById((runs[done] ?? runs.at(-1))?.pass ?? '');
  const said = {
    name,
    title: pass ? words(pass.words.title) : '',
    number: format.count(Math.min(done + 1, runs.length)),
    count: format.count(runs.length),
  };
  return (
    <Notice
      level="info"
      text={t(asked.way === 'method' ? 'optimize.interrupted.method' : 'optimize.interrupted.recipe', said)}
      hint={
        epoch === null
          ? t('optimize.interrupted.kept')
          : t('optimize.interrupted.epoch', { epoch: format.number(epoch, 1) })
      }
    >
      <Actions>
        <Button size="compact-sm" disabled={isApplying || isRunning} onClick={() => void continueApplication()}>
          {t('optimize.interrupted.continue')}
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => void discardApplication()}>
          {t('optimize.interrupted.discard')}
        </Button>
      </Actions>
    </Notice>
  );
}
