/** The button that does it, always in sight, with how far it is, why it cannot be done, or what went wrong. */
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { Words } from '#core/params';
import { cancelCombine } from '#stores/combine-run';
import { combine } from '#stores/combine-state';
import type { CombineState } from '#stores/state';
import { Notice, ProgressLine } from '#ui/kit/Feedback.tsx';
import { Actions, Foot as AtFoot, Help } from '#ui/kit/Layout.tsx';
import { whenNumbersFit } from '#ui/kit/numbers-fit.ts';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';

interface FootProps {
  readonly kind: CombineState['view'];
  readonly label: string;
  readonly progress: string;
  /** Why it cannot be done now. */
  readonly obstacle: Words | null;
  readonly fault: CombineState['fault'];
  readonly onGo: () => Promise<void>;
  /** What it would give, beside the button. */
  readonly children?: ReactNode;
}

export function Foot({ kind, label, progress, obstacle, fault, onGo, children }: FootProps) {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const running = useStore(combine, (state) => state.running);
  const own = running?.kind === kind ? running : null;
  const train = own?.train ?? null;
  const note =
    own && train
      ? // What is left is known of one member's training only.
        `${format.percent(own.done, 0)} · ${format.rate(train.imagesPerSecond)}`
      : undefined;
  return (
    <AtFoot>
      {own && <ProgressLine label={progress} done={own.done} {...(note ? { note } : {})} />}
      {fault && <Notice level="error" text={words(fault.words)} hint={fault.hint && words(fault.hint)} />}
      {obstacle && !own && <Help>{words(obstacle)}</Help>}
      <Actions>
        <Button disabled={obstacle !== null || running !== null} onClick={whenNumbersFit(() => void onGo())}>
          {label}
        </Button>
        {own && (
          <Button variant="default" onClick={cancelCombine}>
            {t('combine.cancel')}
          </Button>
        )}
        {!own && children}
      </Actions>
    </AtFoot>
  );
}
