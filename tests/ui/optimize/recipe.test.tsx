/** The recipe as a person sees it: what steps achieved, what will run, what is wrong with an opened one. */
import { act, fireEvent, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { project, remove } from '#stores/project';
import { openRecipe, recipes } from '#stores/recipes';
import type { ModelNode } from '#stores/state';
import { view } from '#stores/view';
import { Dress } from '#ui/App.tsx';
import { OptimizeTab } from '#ui/optimize/OptimizeTab.tsx';
import type { StepOutcome } from '#worker/protocol';
import { accuracy, modelNode, projectOf } from '../models/nodes';

const facts = { parameters: 1000, nonZero: 1000, distinct: 900, macs: 10_000 };
const outcome = (step: number, pass: string, nonZero: number, validation: number): StepOutcome => ({
  step,
  pass,
  values: {},
  notes: [{ en: 'Good to know.', zh: '' }],
  before: facts,
  after: { ...facts, nonZero },
  bytes: 4 * nonZero,
  validation: accuracy(validation),
  model: `after-${step}`,
});
const made: ModelNode['origin'] = {
  kind: 'recipe',
  recipe: {
    version: 1,
    seed: 1,
    steps: [
      { pass: 'magnitude-pruning', values: { sparsity: 0.9 } },
      { pass: 'distillation', values: { teacher: 'a', student: 'same' } },
    ],
  },
  seconds: 1,
  reports: [
    outcome(0, 'magnitude-pruning', 100, 0.8),
    {
      ...outcome(1, 'distillation', 100, 0.95),
      comparison: [
        { label: { en: 'Teacher', zh: '教师' }, accuracy: 0.97, parameters: 5000 },
        { label: { en: 'Student', zh: '学生' }, accuracy: 0.95, parameters: 1000, agreement: 0.9 },
        { label: { en: 'Alone', zh: '单独' }, accuracy: 0.9, parameters: 1000, agreement: 0.85 },
      ],
    },
  ],
};
const nodes = [
  modelNode({ id: 'a', name: 'Small CNN', validation: 0.97 }),
  modelNode({ id: 'b', name: 'Small CNN, smaller', parent: 'a', validation: 0.95, origin: made }),
];
const odd = modelNode({ id: 'odd', name: 'Of other images', validation: null, dataset: null });
const without = { ...odd, summary: { ...odd.summary, inputShape: [9, 9, 3], classes: 5 } };

beforeEach(() => {
  view.setState({ language: 'en', tab: 'optimize', optimizeView: 'recipe' });
  project.setState({ ...projectOf(nodes), selected: 'b', past: [], future: [] });
  recipes.setState({ drafts: {}, offered: null, openFault: null, fault: null, running: null, made: null });
  render(
    <Dress>
      <OptimizeTab />
    </Dress>,
  );
});
const steps = () =>
  screen
    .getAllByRole('checkbox')
    .map((one) => one.closest('li'))
    .filter((one) => one?.dataset['state']) as HTMLElement[];
const plain = (element: HTMLElement | undefined) => element?.textContent?.replaceAll('\u00a0', ' ');

describe('a recipe', () => {
  test('says of each step what it is and what it achieved, beside the step before', async () => {
    expect(plain(steps()[0])).toContain('1. Magnitude pruningSparsity 90 %');
    expect(plain(steps()[0])).toContain('Non-zero 100 −90 %');
    expect(plain(steps()[0])).toContain('Validation 80.00 % −17.00');
    expect(plain(steps()[1])).toContain('Validation 95.00 % +15.00');
    await userEvent.setup().click(screen.getByRole('button', { name: /^2\. Distillation/ }));
    const compared = screen.getByRole('table', { name: 'Teacher and students' });
    const rows = within(compared).getAllByRole('row').slice(1);
    expect(rows.map((row) => row.textContent?.replaceAll('\u00a0', ' '))).toEqual([
      'Teacher97.00 %5,000–',
      'Student95.00 %1,00090.0 %',
      'Alone90.00 %1,00085.0 %',
    ]);
    expect(screen.getByText('Good to know.')).toBeTruthy();
    // The model that the recipe started from is named as such.
    expect(screen.getByRole<HTMLSelectElement>('combobox', { name: /Teacher/ }).selectedOptions[0]?.textContent).toBe(
      'The model that the recipe starts from',
    );
  });

  test('marks what a change makes run again, and takes it back', async () => {
    const person = userEvent.setup();
    expect(screen.getByRole('button', { name: 'Run all steps again' })).toBeTruthy();
    await person.click(screen.getByRole('checkbox', { name: 'Run 2. Distillation' }));
    expect(steps().map((step) => step.dataset['state'])).toEqual(['done', 'off']);
    expect(screen.getByText('Nothing is left to run after the last change.')).toBeTruthy();
    await person.click(screen.getByRole('button', { name: 'Undo changes' }));
    await person.click(screen.getByRole('button', { name: 'Move 1. Magnitude pruning down' }));
    expect(steps().map((step) => step.dataset['state'])).toEqual(['waiting', 'waiting']);
    expect(plain(steps()[0])).not.toContain('can undo');
    await person.click(screen.getByRole('button', { name: 'Move 1. Distillation down' }));
    // As it was it has run: what it gave up is known.
    expect(plain(steps()[1])).not.toContain('can undo');
    await person.click(screen.getByRole('button', { name: 'Move 1. Magnitude pruning down' }));
    await person.click(screen.getByRole('combobox', { name: 'Add a step' }));
    await person.click(screen.getByRole('option', { name: 'Low-rank dense layers' }));
    expect(plain(steps()[2])).toContain('It can undo step 2 (Magnitude pruning). A layer becomes two with new weights');
    await person.click(screen.getByRole('button', { name: 'Undo changes' }));
    await person.click(screen.getByRole('combobox', { name: 'Add a step' }));
    await person.click(screen.getByRole('option', { name: 'Weight sharing' }));
    expect(steps().map((step) => step.dataset['state'])).toEqual(['done', 'done', 'waiting']);
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Run from step 3' }).disabled).toBe(false);
  });

  test('says so where the browser has no clipboard, as on pages over plain http', async () => {
    vi.stubGlobal('navigator', Object.create(navigator, { clipboard: { value: undefined } }));
    fireEvent.click(screen.getByRole('button', { name: 'Copy JSON' }));
    expect(await screen.findByText('The browser did not allow copying. Download it instead.')).toBeTruthy();
    vi.unstubAllGlobals();
  });

  test('leads to its start, and brings it back where it was removed', async () => {
    const person = userEvent.setup();
    expect(screen.getByRole('button', { name: 'Small CNN' })).toBeTruthy();
    act(() => remove('a'));
    expect(screen.queryByRole('button', { name: /^Small CNN/ })).toBeNull();
    expect(screen.getByText('Small CNN (removed)')).toBeTruthy();
    await person.click(screen.getByRole('button', { name: 'Bring back' }));
    expect(project.getState()).toMatchObject({ order: ['a', 'b'], selected: 'a' });
    // One that never stood on the page is only named.
    act(() => project.setState({ ...projectOf(nodes, ['b']), selected: 'b', past: [], future: [] }));
    expect(screen.getByText('Small CNN')).toBeTruthy();
    expect(screen.queryByRole('button', { name: /Bring back|^Small CNN$/ })).toBeNull();
  });

  test('says before it runs which step lacks images, and switches it off', async () => {
    const person = userEvent.setup();
    act(() => project.setState({ ...projectOf([without]), selected: 'odd' }));
    for (const name of ['Channel pruning', 'Fine-tuning']) {
      await person.click(screen.getByRole('combobox', { name: 'Add a step' }));
      await person.click(screen.getByRole('option', { name }));
    }
    const run = () => screen.getByRole<HTMLButtonElement>('button', { name: 'Run all steps' });
    const said = /This step needs images, and no data set here fits this model, which reads 9 × 9 × 3/;
    expect(screen.getAllByText(said)).toHaveLength(1);
    expect(steps()[1]?.textContent).toMatch(said);
    expect(run().disabled).toBe(true);
    await person.click(screen.getByRole('button', { name: 'Switch off step 2' }));
    expect(screen.queryByText(said)).toBeNull();
    expect(run().disabled).toBe(false);
    // Where one fits it is to be chosen.
    act(() => project.setState({ ...projectOf([odd]), selected: 'odd' }));
    await person.click(screen.getByRole('checkbox', { name: 'Run 2. Fine-tuning' }));
    expect(steps()[1]?.textContent).toContain('Choose a data set that fits this model');
    expect(run().disabled).toBe(true);
  });

  test('from elsewhere is offered, and its gaps are shown', async () => {
    const person = userEvent.setup();
    openRecipe(
      JSON.stringify({
        version: 1,
        seed: 1,
        steps: [
          { pass: 'of-tomorrow', values: {} },
          { pass: 'distillation', values: { teacher: 'elsewhere' } },
        ],
      }),
      'theirs.json',
    );
    const offer = await screen.findByRole('region', { name: 'A recipe of 2 steps' });
    expect(offer.textContent).toContain('from theirs.json');
    await person.click(within(offer).getByRole('button', { name: 'Use it on Small CNN, smaller' }));
    expect(steps()[0]?.textContent).toContain('Unknown method “of-tomorrow”');
    expect(steps()[1]?.textContent).toContain('names a model that is not on this page');
    // None of it has run here.
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Run all steps' }).disabled).toBe(true);
    openRecipe('{"version": 1, "steps": 3}');
    expect(await screen.findByText(/seed is not a whole number/)).toBeTruthy();
  });
});
