import { fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { view } from '#stores/view';
import { Dress } from '#ui/App.tsx';
import { NumberField, readNumber, SelectField, SliderField } from '#ui/kit/Fields.tsx';
import { findTerm } from '#ui/kit/Label.tsx';

beforeEach(() => view.setState({ language: 'en' }));

describe('a number field', () => {
  test('takes only numbers in range, whole where they must be', () => {
    expect(readNumber('12', 1, 100, 1)).toBe(12);
    expect(readNumber('0.001', 0, 1, 'any')).toBe(0.001);
    for (const wrong of ['', ' ', 'abc', '0', '101', '1.5', 'Infinity'])
      expect(readNumber(wrong, 1, 100, 1)).toBeNull();
  });

  test('turns red, says the range, and comes back to the last good number', async () => {
    const heard = vi.fn();
    const Field = () => {
      const [value, setValue] = useState(3);
      return (
        <NumberField
          label="Epochs"
          value={value}
          min={1}
          max={50}
          onChange={(next) => {
            heard(next);
            setValue(next);
          }}
        />
      );
    };
    render(
      <Dress>
        <Field />
      </Dress>,
    );
    const person = userEvent.setup();
    const field = screen.getByLabelText('Epochs') as HTMLInputElement;
    await person.clear(field);
    expect(screen.getByText('Enter a number from 1 to 50.')).toBeTruthy();
    await person.type(field, '99');
    expect(field.getAttribute('aria-invalid')).toBe('true');
    expect(heard).toHaveBeenCalledWith(9);
    expect(heard).not.toHaveBeenCalledWith(99);
    await person.tab();
    expect(field.value).toBe('9');
    expect(screen.queryByText('Enter a number from 1 to 50.')).toBeNull();
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
