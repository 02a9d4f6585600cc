import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { beforeEach, describe, expect, test } from 'vitest';
import { view } from '#stores/view';
import { Dress } from '#ui/App.tsx';
import { matching, type SearchChoice, SearchSelect } from '#ui/kit/SearchSelect.tsx';

const choices: readonly SearchChoice[] = [
  { value: 'a', label: 'Magnitude pruning', group: 'Pruning', text: 'Small weights go.', also: 'Han 2015' },
  { value: 'b', label: 'Channel pruning', group: 'Pruning', text: 'Whole filters go.', also: 'Li 2017' },
  {
    value: 'c',
    label: 'Distillation',
    group: 'Learning from others',
    text: 'A teacher helps.',
    tag: 'trains',
    also: 'Hinton',
  },
];

describe('what is found', () => {
  const found = (query: string) => matching(choices, query).map(({ value }) => value);
  test('by name, by group, by what it does and by whose it is; names first', () => {
    expect(found('')).toEqual(['a', 'b', 'c']);
    expect(found('PRUN mag')).toEqual(['a']);
    expect(found('hinton')).toEqual(['c']);
    expect(found('filters pruning')).toEqual(['b']);
    expect(found('go')).toEqual(['a', 'b']);
    expect(found('nothing')).toEqual([]);
    const own = [...choices, { ...(choices[0] as SearchChoice), value: 'd', label: 'Han’s own' }];
    // "Channel" has it in its name too.
    expect(matching(own, 'han').map(({ value }) => value)).toEqual(['b', 'd', 'a']);
  });
});

describe('the field', () => {
  beforeEach(() => {
    view.setState({ language: 'en' });
    function Held() {
      const [value, setValue] = useState('a');
      return <SearchSelect label="Method" value={value} choices={choices} onChange={setValue} />;
    }
    render(
      <Dress>
        <Held />
      </Dress>,
    );
  });
  const field = () => screen.getByRole<HTMLInputElement>('combobox', { name: 'Method' });

  test('shows what is chosen, and a list in groups when it is asked for', async () => {
    const person = userEvent.setup();
    expect(field().value).toBe('Magnitude pruning');
    expect(screen.queryByRole('option')).toBeNull();
    await person.click(field());
    expect(field().getAttribute('aria-expanded')).toBe('true');
    const group = screen.getByRole('group', { name: 'Pruning' });
    expect(within(group).getAllByRole('option')).toHaveLength(2);
    expect(screen.getByRole('group', { name: 'Learning from others' })).toBeTruthy();
    const chosen = screen.getByRole('option', { name: 'Magnitude pruning' });
    expect(chosen.getAttribute('aria-selected')).toBe('true');
    expect(field().getAttribute('aria-activedescendant')).toBe(chosen.id);
    await person.click(screen.getByRole('option', { name: 'Distillation' }));
    expect(field().value).toBe('Distillation');
    expect(screen.queryByRole('option')).toBeNull();
  });

  test('is worked by keys alone: typing narrows, arrows move, Enter takes, Escape leaves', async () => {
    const person = userEvent.setup();
    await person.tab();
    expect(document.activeElement).toBe(field());
    await person.keyboard('prun');
    expect(screen.getAllByRole('option')).toHaveLength(2);
    expect(screen.getByText('2 found')).toBeTruthy();
    await person.keyboard('{ArrowDown}{ArrowDown}{Enter}');
    expect(field().value).toBe('Channel pruning');
    await person.keyboard('{ArrowDown}{ArrowDown}');
    expect(field().getAttribute('aria-activedescendant')).toBe(screen.getByRole('option', { name: 'Distillation' }).id);
    await person.keyboard('{Escape}');
    expect(field().value).toBe('Channel pruning');
    await person.keyboard('zzz');
    expect(screen.getByText('Nothing is called so.')).toBeTruthy();
    await person.keyboard('{Enter}{Escape}');
    expect(field().value).toBe('Channel pruning');
    await person.keyboard('hinton');
    await person.tab();
    expect(field().value).toBe('Channel pruning');
  });
});
