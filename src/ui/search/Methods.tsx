/** The methods that a search runs, in order: added by name, taken out again. Their values are dimensions, or stay. */
import { ActionIcon } from '@mantine/core';
import { useMemo } from 'react';
import { PASSES, passById } from '#core/passes/index';
import { addSearchStep, removeSearchStep } from '#stores/search-setup';
import type { SearchDraft } from '#stores/search-state';
import { CloseIcon } from '#ui/kit/icons.tsx';
import { Help, More, Section } from '#ui/kit/Layout.tsx';
import { SearchSelect } from '#ui/kit/SearchSelect.tsx';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import { describeStep } from '#ui/param-form/describe.ts';
import styles from '#ui/search/search.module.css';

interface MethodsProps {
  readonly mode: 'network' | 'recipe';
  readonly draft: SearchDraft;
}

export function Methods({ mode, draft }: MethodsProps) {
  const t = useText();
  if (mode === 'network' && draft.steps.length === 0)
    return (
      <More summary={t('search.methodsThen')}>
        <Picker mode={mode} />
      </More>
    );
  return (
    <Section heading={t(mode === 'network' ? 'search.methodsThen' : 'search.methods')}>
      <Steps mode={mode} draft={draft} />
      <Picker mode={mode} />
      {draft.steps.length === 0 && <Help>{t('search.noMethods')}</Help>}
    </Section>
  );
}

function Steps({ mode, draft }: MethodsProps) {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  if (draft.steps.length === 0) return null;
  return (
    <ol className={styles.steps}>
      {draft.steps.map((step, at) => {
        const title = passById(step.pass)?.words.title;
        const name = title ? words(title) : step.pass;
        return (
          <li key={`${at} ${step.pass}`} className={styles.step}>
            <span>{describeStep(step, words, format)}</span>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="sm"
              aria-label={t('search.removeMethod', { name })}
              onClick={() => removeSearchStep(mode, at)}
            >
              <CloseIcon size={14} />
            </ActionIcon>
          </li>
        );
      })}
    </ol>
  );
}

function Picker({ mode }: Pick<MethodsProps, 'mode'>) {
  const t = useText();
  const words = useWords();
  const choices = useMemo(
    () =>
      PASSES.map(({ id, family, needs, words: said }) => ({
        value: id,
        label: words(said.title),
        group: t(`optimize.families.${family}`),
        text: words(said.help),
        tag: needs.includes('training') ? t('optimize.trains') : undefined,
        also: `${id} ${said.title.en} ${said.paper}`,
      })),
    [t, words],
  );
  return (
    <SearchSelect
      label={t('search.addMethod')}
      value=""
      choices={choices}
      placeholder={t('optimize.methodPlaceholder')}
      onChange={(pass) => addSearchStep(mode, pass)}
    />
  );
}
