/** The one form for every method: what stands in front, what behind the fold, and that nothing is lost by folding. */
import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { defaultsOf, isShown, type Param, type Params, type Values } from '#core/params';
import { PASSES } from '#core/passes/index';
import { view } from '#stores/view';
import { Dress } from '#ui/App.tsx';
import { ParamForm } from '#ui/param-form/ParamForm.tsx';

const words = (text: string) => ({ en: text, zh: text });
const params = {
  epochs: { kind: 'number', control: 'field', min: 1, max: 9, step: 1, default: 3, label: words('Epochs') },
  shift: {
    kind: 'number',
    control: 'field',
    min: 0,
    max: 4,
    step: 1,
    default: 0,
    advanced: true,
    label: words('Shift'),
  },
  raise: { kind: 'flag', default: false, advanced: true, label: words('Raise') },
} satisfies Params;

const heard = vi.fn();
function draw(of: Params, values: Values) {
  render(
    <Dress>
      <ParamForm params={of} values={values} layers={['a', 'b']} predictors={[]} onChange={heard} onRest={() => {}} />
    </Dress>,
  );
}
const fold = () => screen.getByText('More settings').closest('details') as HTMLDetailsElement;

beforeEach(() => {
  view.setState({ language: 'en' });
  heard.mockClear();
});

describe('classes that go together', () => {
  const groups = { kind: 'classGroups', default: [], label: words('By hand') } as const;
  const of = { classes: ['cat', 'dog', 'owl'], groups: ['Pets', 'Birds'] };
  function Held({ to = of }: { to?: typeof of }) {
    const [values, setValues] = useState<Values>({});
    const change = (key: string, value: Values[string]) => {
      heard(value);
      setValues({ ...values, [key]: value });
    };
    const form = { layers: [], predictors: [], classGroups: to, onChange: change, onRest: () => {} };
    return (
      <Dress>
        <ParamForm params={{ groups }} values={values} {...form} />
      </Dress>
    );
  }

  test('are left to the method, until somebody chooses a group for each, by keyboard too', async () => {
    const person = userEvent.setup();
    render(<Held />);
    expect(screen.queryByRole('combobox')).toBeNull();
    await person.tab();
    await person.keyboard(' ');
    // They begin in equal runs.
    expect(heard).toHaveBeenLastCalledWith(['1', '1', '2']);
    const classes = within(screen.getByRole('group', { name: 'By hand' })).getAllByRole('combobox');
    expect(classes.map((one) => one.getAttribute('aria-label'))).toEqual(['cat', 'dog', 'owl']);
    await person.tab();
    expect(document.activeElement).toBe(classes[0]);
    await person.selectOptions(screen.getByLabelText('dog'), 'Birds');
    expect(heard).toHaveBeenLastCalledWith(['1', '2', '2']);
    await person.click(screen.getByRole('checkbox', { name: 'By hand' }));
    expect(heard).toHaveBeenLastCalledWith([]);
    expect(screen.queryByRole('combobox')).toBeNull();
  });

  test('are not asked about where there are none', () => {
    draw({ groups }, { groups: ['1'] });
    expect(screen.queryByRole('checkbox')).toBeNull();
  });
});

test('the layers that a method keeps to are named without opening the list, many by their number', () => {
  const layers = { kind: 'layers', default: [], label: words('Layers') } as const;
  const summary = (value: readonly string[]) => {
    const form = { predictors: [], onChange: heard, onRest: () => {} };
    const { unmount } = render(
      <Dress>
        <ParamForm params={{ layers }} values={{ layers: value }} layers={['a', 'b', 'c', 'd', 'e']} {...form} />
      </Dress>,
    );
    const text = screen.getByText(/^Layers:/).textContent;
    unmount();
    return text;
  };
  expect(summary([])).toBe('Layers: All layers');
  expect(summary(['b', 'd'])).toBe('Layers: b, d');
  expect(summary(['a', 'b', 'c', 'd'])).toBe('Layers: 4 of 5');
});

describe('advanced parameters', () => {
  test('stand behind a fold, closed while all of them are as they come, and are set there', async () => {
    draw(params, { epochs: 5, shift: 0, raise: false });
    expect(fold().open).toBe(false);
    expect(
      [screen.getByLabelText('Epochs'), screen.getByLabelText('Shift')].map((one) => fold().contains(one)),
    ).toEqual([false, true]);
    await userEvent.setup().click(screen.getByLabelText('Raise'));
    expect(heard).toHaveBeenCalledWith('raise', true, false);
  });

  test('are in sight at once where one of them was changed', () => {
    draw(params, { epochs: 3, shift: 2, raise: false });
    expect(fold().open).toBe(true);
  });

  test('bring no fold where there are none', () => {
    draw({ epochs: params.epochs }, {});
    expect(screen.queryByText('More settings')).toBeNull();
  });
});

test('a slider that a switch or a choice brings stands under it, the one that is moved live above all', () => {
  const { params: all } = PASSES.find(({ id }) => id === 'gradual-pruning') as { params: Params };
  draw(all, { ...(defaultsOf(all) as Values), distil: true });
  const order = ['Sparsity', 'Learn from the original', 'Temperature', 'Soft loss weight'].map((name) =>
    screen.getByLabelText(name),
  );
  for (const [i, one] of order.slice(1).entries())
    expect((order[i] as HTMLElement).compareDocumentPosition(one)).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
});

test('distillation shows at most a dozen fields in front, and every one that is in force somewhere', () => {
  const { params: all } = PASSES.find(({ id }) => id === 'distillation') as { params: Params };
  const values = defaultsOf(all) as Values;
  draw(all, values);
  const shown = Object.values(all).filter((param) => isShown(param, values));
  const inFront = shown.filter((param) => !fold().contains(screen.getByLabelText(param.label.en)));
  expect(inFront.length).toBeLessThanOrEqual(12);
  expect(inFront.length).toBeLessThan(shown.length);
});

test('no method hides what it previews live', () => {
  const hidden = PASSES.flatMap(({ params: all }) =>
    Object.values(all as Readonly<Record<string, Param>>).filter(({ live, advanced }) => live && advanced),
  );
  expect(hidden).toEqual([]);
});
