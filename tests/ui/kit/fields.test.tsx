import { fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { view } from '#stores/view';
import { Dress } from '#ui/App.tsx';
import { NumberField, readNumber, SliderField } from '#ui/kit/Fields.tsx';

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
