import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { describe, expect, test } from 'vitest';
import { view } from '#stores/view';
import { Dress } from '#ui/App.tsx';
import { HeatMap, heat, type Place, shortPoints } from '#ui/optimize/sensitivity/HeatMap.tsx';
import type { SensitivityCell } from '#worker/protocol';

const cell = (layer: string, level: number, difference: number): SensitivityCell => ({
  layer,
  level,
  alone: {
    layer,
    images: 300,
    accuracy: { value: 0.9 + difference, low: 0, high: 1 },
    difference: { value: difference, low: -1, high: 1 },
  },
});

describe('a cell', () => {
  test('is as warm as what it lost, more finely where little is lost', () => {
    expect(heat(-0.01)).toBe(0);
    expect(heat(0)).toBe(0);
    expect(heat(0.5)).toBe(1);
    expect(heat(0.9)).toBe(1);
    // ln(1 + 2) / ln(101)
    expect(heat(0.01)).toBeCloseTo(0.238, 3);
  });

  test('says its points in a few signs', () => {
    expect([0, 0.0004, -0.0004, -0.004, 0.003, -0.0996, -0.123].map(shortPoints)).toEqual([
      '0',
      '0',
      '0',
      '−0.4',
      '+0.3',
      '−10',
      '−12',
    ]);
  });
});

test('the map is a table whose cells tell all, moved through by arrows', async () => {
  view.setState({ language: 'en' });
  const person = userEvent.setup();
  const cells = [
    cell('conv', 8, 0),
    cell('conv', 6, -0.02),
    { layer: 'dense', level: 8, alone: null, reason: { en: 'It would grow.', zh: '' } },
  ];
  function Held() {
    const [chosen, setChosen] = useState<Place | null>(null);
    return (
      <HeatMap
        degradation="bits"
        layers={['conv', 'dense']}
        cells={cells}
        outlined={new Map([['conv', 6]])}
        chosen={chosen}
        onChoose={setChosen}
      />
    );
  }
  render(
    <Dress>
      <Held />
    </Dress>,
  );
  const buttons = within(screen.getByRole('table')).getAllByRole('button');
  expect(buttons).toHaveLength(12);
  expect(buttons.slice(0, 3).map((one) => one.getAttribute('aria-label')?.replaceAll('\u00a0', ' '))).toEqual([
    'conv at 8: 90.00 %, ±0.00 points',
    'conv at 6: 88.00 %, −2.00 points',
    'conv at 5: not measured yet',
  ]);
  expect(buttons[6]?.getAttribute('aria-label')).toBe('dense at 8: not possible. It would grow.');
  expect(buttons[1]?.dataset['outlined']).toBe('true');
  // One stop of the Tab key; arrows do the rest.
  expect(buttons.filter((one) => one.tabIndex === 0)).toEqual([buttons[0]]);
  await person.tab();
  await person.keyboard('{ArrowRight}{ArrowDown}{ArrowDown}{ArrowLeft}');
  expect(document.activeElement).toBe(buttons[6]);
  expect(buttons[6]?.getAttribute('aria-pressed')).toBe('true');
});
