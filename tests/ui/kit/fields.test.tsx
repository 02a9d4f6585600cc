import { fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { view } from '#stores/view';
import { Dress } from '#ui/App.tsx';
import { NumberField, readNumber, SelectField, SliderField } from '#ui/kit/Fields.tsx';
import { findTerm } from '#ui/kit/Label.tsx';
import { More } from '#ui/kit/Layout.tsx';
import { whenNumbersFit } from '#ui/kit/numbers-fit.ts';

beforeEach(() => view.setState({ language: 'en' }));

describe('a number field', () => {
  test('takes only numbers in range, whole where they must be', () => {
    expect(readNumber('12', 1, 100, 1)).toBe(12);
    expect(readNumber('0.001', 0, 1, 'any')).toBe(0.001);
    for (const wrong of ['', ' ', 'abc', '0', '101', '1.5', 'Infinity'])
      expect(readNumber(wrong, 1, 100, 1)).toBeNull();
  });

  const Field = ({ heard, max = 50 }: { heard?: (next: number) => void; max?: number }) => {
    const [value, setValue] = useState(3);
    return (
      <>
        <NumberField
          label="Epochs"
          value={value}
          min={1}
          max={max}
          onChange={(next) => {
            heard?.(next);
            setValue(next);
          }}
        />
        <button type="button" onClick={() => setValue(7)}>
          Preset
        </button>
      </>
    );
  };
  const fault = 'Enter a whole number from 1 to 50.';
  const epochs = () => screen.getByLabelText('Epochs') as HTMLInputElement;

  test('turns red and says the range; what does not fit stands until it is mended or Escape takes the last good one back', async () => {
    const heard = vi.fn();
    render(
      <Dress>
        <Field heard={heard} />
      </Dress>,
    );
    const person = userEvent.setup();
    await person.clear(epochs());
    expect(screen.getByText(fault)).toBeTruthy();
    await person.type(epochs(), '99');
    expect(epochs().getAttribute('aria-invalid')).toBe('true');
    expect(heard.mock.calls).toEqual([[9]]);
    await person.tab();
    expect(epochs().value).toBe('99');
    expect(screen.getByText(fault)).toBeTruthy();
    await person.type(epochs(), '{Escape}');
    expect(epochs().value).toBe('9');
    expect(screen.queryByText(fault)).toBeNull();
    await person.clear(epochs());
    await person.type(epochs(), '12');
    await person.tab();
    expect([epochs().value, heard.mock.lastCall]).toEqual(['12', [12]]);
  });

  test('what does not fit gives way to a value from elsewhere, and is taken where the range comes to it', async () => {
    const heard = vi.fn();
    const form = (max: number) => (
      <Dress>
        <Field heard={heard} max={max} />
      </Dress>
    );
    const { rerender } = render(form(50));
    const person = userEvent.setup();
    await person.type(epochs(), '{Backspace}60');
    expect(screen.getByText(fault)).toBeTruthy();
    await person.click(screen.getByRole('button', { name: 'Preset' }));
    expect(epochs().value).toBe('7');
    expect(screen.queryByText(fault)).toBeNull();
    await person.type(epochs(), '{Backspace}60');
    await person.tab();
    heard.mockClear();
    rerender(form(100));
    expect(heard.mock.calls).toEqual([[60]]);
    expect(epochs().value).toBe('60');
  });

  test('begins nothing while it is wrong, but is shown, wherever it was folded away', async () => {
    const go = vi.fn();
    render(
      <Dress>
        <div role="tabpanel">
          <More summary="Further settings">
            <Field />
          </More>
          <button type="button" onClick={whenNumbersFit(go)}>
            Train
          </button>
        </div>
        <button type="button" onClick={whenNumbersFit(go)}>
          Elsewhere
        </button>
      </Dress>,
    );
    const person = userEvent.setup();
    const fold = epochs().closest('details') as HTMLDetailsElement;
    fold.open = true;
    await person.type(epochs(), '{Backspace}0');
    fold.open = false;
    await person.click(screen.getByRole('button', { name: 'Train' }));
    expect(go).not.toHaveBeenCalled();
    expect(fold.open).toBe(true);
    expect(document.activeElement).toBe(epochs());
    const said = epochs().getAttribute('aria-describedby')?.split(' ') ?? [];
    expect(said.map((id) => document.getElementById(id)?.textContent)).toContain(fault);
    await person.type(epochs(), '{Backspace}5');
    await person.click(screen.getByRole('button', { name: 'Train' }));
    expect(go).toHaveBeenCalledTimes(1);
  });
});

describe('a slider', () => {
  test('is a named slider whose value is said with its unit', () => {
    const moved = vi.fn();
    const rested = vi.fn();
    render(
      <Dress>
        <SliderField
          label="Sparsity"
          value={0.5}
          min={0}
          max={0.99}
          step={0.01}
          show={(value) => `${Math.round(value * 100)} %`}
          onChange={moved}
          onRest={rested}
        />
      </Dress>,
    );
    const slider = screen.getByRole('slider', { name: 'Sparsity' });
    expect(slider.getAttribute('aria-valuetext')).toBe('50 %');
    fireEvent.change(slider, { target: { value: '0.9' } });
    expect(moved).toHaveBeenCalledWith(0.9, true);
    fireEvent.keyUp(slider, { key: 'ArrowRight' });
    expect(rested).toHaveBeenCalledTimes(1);
  });

  test('over decades it steps evenly in the logarithm', () => {
    const moved = vi.fn();
    render(
      <Dress>
        <SliderField label="Clusters" value={16} min={2} max={128} step={1} log show={String} onChange={moved} />
      </Dress>,
    );
    const slider = screen.getByRole('slider', { name: 'Clusters' }) as HTMLInputElement;
    expect(Number(slider.value)).toBeCloseTo(500, 0);
    fireEvent.change(slider, { target: { value: '1000' } });
    expect(moved).toHaveBeenCalledWith(128, true);
    fireEvent.change(slider, { target: { value: '0' } });
    expect(moved).toHaveBeenCalledWith(2, true);
  });
});

describe('a word of a label that the glossary explains', () => {
  test('is found as a word of its own, in both languages', () => {
    const names = [
      ['student', 'Student'],
      ['teacher', '教师'],
    ] as const;
    expect(findTerm('The student width', names)).toEqual({
      id: 'student',
      before: 'The ',
      word: 'student',
      after: ' width',
    });
    expect(findTerm('向教师学习', names)).toEqual({ id: 'teacher', before: '向', word: '教师', after: '学习' });
    expect(findTerm('Studentship', names)).toBeNull();
    expect(findTerm('Epochs', names)).toBeNull();
  });

  test('opens its card, beside the label; the other words still lead to the field, which keeps its whole name', async () => {
    const moved = vi.fn();
    render(
      <Dress>
        <NumberField label="Student width" value={3} min={1} max={50} onChange={moved} />
        <SliderField label="Sparsity" value={0.5} min={0} max={1} step={0.1} show={String} onChange={moved} />
        <SelectField label="Epochs" value="1" choices={[{ value: '1', label: 'One' }]} onChange={moved} />
      </Dress>,
    );
    const field = screen.getByRole('spinbutton', { name: 'Student width' });
    const term = screen.getByRole('button', { name: 'Student' });
    expect(term.closest('label')).toBeNull();
    await userEvent.setup().click(screen.getByText('width'));
    expect(document.activeElement).toBe(field);
    expect(screen.getByRole('slider', { name: 'Sparsity' })).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Sparsity' })).toBeTruthy();
    expect(screen.getByText('Epochs').getAttribute('for')).toBe(screen.getByRole('combobox', { name: 'Epochs' }).id);
  });
});
