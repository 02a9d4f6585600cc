/**
 * A choice among many: a field that searches, over a list in groups with a line of explanation each. Typing narrows the
 * list, arrows move, Enter takes, Escape leaves all as it was (the combobox pattern of the ARIA practices).
 */
import { Input } from '@mantine/core';
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import { CheckIcon, DownIcon } from '#ui/kit/icons.tsx';
import styles from '#ui/kit/search-select.module.css';
import { useText } from '#ui/kit/words.ts';

export interface SearchChoice {
  readonly value: string;
  readonly label: string;
  readonly group: string;
  /** What it is, in a line. */
  readonly text: string;
  /** A word at its side. */
  readonly tag?: string | undefined;
  /** What it is found by as well. */
  readonly also: string;
}
interface SearchSelectProps {
  readonly label: string;
  /** '' where nothing is chosen. */
  readonly value: string;
  readonly choices: readonly SearchChoice[];
  readonly placeholder?: string;
  readonly disabled?: boolean;
  readonly onChange: (value: string) => void;
}

export function SearchSelect({ label, value, choices, placeholder, disabled = false, onChange }: SearchSelectProps) {
  const t = useText();
  const id = useId();
  const [query, setQuery] = useState<string | null>(null);
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState<string | null>(null);
  const found = useMemo(() => matching(choices, query ?? ''), [choices, query]);
  const groups = useMemo(() => [...new Set(found.map(({ group }) => group))], [found]);
  const chosen = choices.find((one) => one.value === value);
  const current = found.find((one) => one.value === active) ?? (query ? found[0] : undefined);
  const optionId = (of: string) => `${id}-${of}`;

  const currentValue = isOpen ? current?.value : undefined;
  const wasOpen = useRef(false);
  useEffect(() => {
    const option = currentValue === undefined ? null : document.getElementById(`${id}-${currentValue}`);
    // What is chosen is shown among its neighbours; arrows then move no more than they must.
    option?.scrollIntoView?.({ block: wasOpen.current ? 'nearest' : 'center' });
    wasOpen.current = currentValue !== undefined;
  }, [currentValue, id]);

  const open = () => {
    setOpen(true);
    setActive(value || null);
  };
  const close = () => {
    setOpen(false);
    setQuery(null);
    setActive(null);
  };
  const take = (one: SearchChoice) => {
    close();
    onChange(one.value);
  };
  const move = (by: number) => {
    if (!isOpen) return open();
    // In the order in which the groups show them.
    const shown = groups.flatMap((group) => found.filter((one) => one.group === group));
    const at = current ? shown.indexOf(current) : by > 0 ? -1 : shown.length;
    setActive(shown[Math.min(shown.length - 1, Math.max(0, at + by))]?.value ?? null);
  };
  const pressed = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (by) {
      event.preventDefault();
      move(by);
    } else if (event.key === 'Enter' && isOpen) {
      event.preventDefault();
      if (current) take(current);
    } else if (event.key === 'Escape' && isOpen) {
      event.stopPropagation();
      close();
    }
  };

  return (
    <div className={styles.field}>
      <label className={styles.label} htmlFor={id}>
        {label}
      </label>
      <Input
        id={id}
        role="combobox"
        autoComplete="off"
        spellCheck={false}
        aria-expanded={isOpen}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={isOpen && current ? optionId(current.value) : undefined}
        classNames={{ input: styles.input as string }}
        rightSection={<DownIcon size={16} />}
        rightSectionPointerEvents="none"
        placeholder={isOpen ? t('frame.search') : placeholder}
        value={query ?? (isOpen ? '' : (chosen?.label ?? ''))}
        disabled={disabled}
        onFocus={(event) => event.currentTarget.select()}
        onClick={() => !isOpen && open()}
        onChange={(event) => {
          setOpen(true);
          setActive(null);
          setQuery(event.currentTarget.value);
        }}
        onKeyDown={pressed}
        onBlur={close}
      />
      <div
        id={`${id}-list`}
        role="listbox"
        tabIndex={-1}
        aria-label={label}
        className={styles.list}
        hidden={!isOpen}
        // The field keeps the focus.
        onMouseDown={(event) => event.preventDefault()}
      >
        {isOpen &&
          groups.map((group, at) => (
            // biome-ignore lint/a11y/useSemanticElements: a group of options, not of fields
            <div key={group} role="group" aria-labelledby={`${id}-group-${at}`}>
              <div id={`${id}-group-${at}`} className={styles.group}>
                {group}
              </div>
              {found
                .filter((one) => one.group === group)
                .map((one) => (
                  // biome-ignore lint/a11y/useKeyWithClickEvents: the field hears the keys
                  <div
                    key={one.value}
                    id={optionId(one.value)}
                    role="option"
                    tabIndex={-1}
                    aria-selected={one.value === value}
                    aria-describedby={`${optionId(one.value)}-text`}
                    aria-label={one.label}
                    data-active={one === current || undefined}
                    className={styles.option}
                    onClick={() => take(one)}
                  >
                    <span className={styles.name}>
                      {one.label}
                      {one.value === value && <CheckIcon size={16} />}
                      {one.tag && <span className={styles.tag}>{one.tag}</span>}
                    </span>
                    <span id={`${optionId(one.value)}-text`} className={styles.text}>
                      {one.text}
                    </span>
                  </div>
                ))}
            </div>
          ))}
        {isOpen && found.length === 0 && <p className={styles.none}>{t('frame.nothingFound')}</p>}
      </div>
      <span className="w-hidden" role="status">
        {isOpen && query ? t('frame.found', { count: found.length }) : ''}
      </span>
    </div>
  );
}

/** The choices in which every word of the query occurs; those that have it in their name come first. */
export function matching(choices: readonly SearchChoice[], query: string): readonly SearchChoice[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return choices;
  const within = (text: string) => words.every((word) => text.toLowerCase().includes(word));
  const named = choices.filter((one) => within(one.label));
  const others = choices.filter(
    (one) => !named.includes(one) && within([one.label, one.group, one.text, one.also].join(' ')),
  );
  return [...named, ...others];
}
