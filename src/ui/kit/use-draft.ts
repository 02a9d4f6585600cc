/**
 * What is being typed into a field for a value. It stands until the field is left; what cannot be read as a value, until it
 * is mended, Escape takes the last good one back, or the value is changed from elsewhere. What would run with it does not
 * begin meanwhile (`whenNumbersFit`).
 */
import { type ChangeEvent, type KeyboardEvent, useEffect, useState } from 'react';

interface DraftOptions<T> {
  readonly value: T;
  /** Null where the text is no value that fits. */
  readonly read: (text: string) => T | null;
  readonly write: (value: T) => string;
  /** Hears of values that fit only. */
  readonly onChange: (value: T) => void;
}

export function useDraft<T>({ value, read, write, onChange }: DraftOptions<T>) {
  const good = write(value);
  /** `at`: the value that stood when it was typed. */
  const [draft, setDraft] = useState<{ readonly text: string; readonly at: string } | null>(null);
  const meant = draft && read(draft.text);
  const isWrong = draft !== null && meant === null;
  if (isWrong && draft.at !== good) setDraft(null);
  // What fits may have changed, and come to what was typed.
  const said = meant === null ? null : write(meant);
  useEffect(() => {
    if (meant !== null && said !== good) onChange(meant);
  }, [said]);
  return {
    isWrong,
    field: {
      value: draft?.text ?? good,
      'data-wrong': isWrong || undefined,
      onChange(event: ChangeEvent<HTMLInputElement>) {
        const text = event.currentTarget.value;
        const next = read(text);
        setDraft({ text, at: next === null ? good : write(next) });
        if (next !== null && write(next) !== good) onChange(next);
      },
      onKeyDown(event: KeyboardEvent) {
        if (event.key !== 'Escape' || !isWrong) return;
        event.stopPropagation();
        setDraft(null);
      },
      onBlur() {
        if (!isWrong) setDraft(null);
      },
    },
  };
}
