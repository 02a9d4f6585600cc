/** The menu of methods: by family, searched by name, by what they do, or by the authors of their paper. */
import { useMemo } from 'react';
import { PASSES } from '#core/passes/index';
import { SearchSelect } from '#ui/kit/SearchSelect.tsx';
import { useText, useWords } from '#ui/kit/words.ts';
import { firstSentence } from '#ui/optimize/method-facts.ts';

interface PickerProps {
  readonly label: string;
  /** '' where none is chosen yet. */
  readonly value: string;
  readonly disabled: boolean;
  readonly onChange: (method: string) => void;
}

export function MethodPicker({ label, value, disabled, onChange }: PickerProps) {
  const t = useText();
  const words = useWords();
  const choices = useMemo(
    () =>
      PASSES.map(({ id, family, needs, words: said }) => ({
        value: id,
        label: words(said.title),
        group: t(`optimize.families.${family}`),
        text: firstSentence(words(said.help)),
        tag: needs.includes('training') ? t('optimize.trains') : undefined,
        also: `${id} ${said.title.en} ${said.paper}`,
      })),
    [t, words],
  );
  return (
    <SearchSelect
      label={label}
      value={value}
      choices={choices}
      placeholder={t('optimize.methodPlaceholder')}
      disabled={disabled}
      onChange={onChange}
    />
  );
}
