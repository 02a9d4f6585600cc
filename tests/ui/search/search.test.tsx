import { act, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, test } from 'vitest';
import { ADAM } from '#core/objective';
import type { RunResult, SearchPlan } from '#core/search/plan';
import { templateById } from '#core/templates';
import { project } from '#stores/project';
import { search, setDraft, setMode } from '#stores/search-setup';
import type { SearchJob } from '#stores/search-state';
import { view } from '#stores/view';
import { Dress } from '#ui/App.tsx';
import { shareOf } from '#ui/search/names.ts';
import { SearchTab } from '#ui/search/SearchTab.tsx';
import type { SearchResult } from '#worker/protocol-search';
import { modelNode, projectOf } from '../models/nodes';

const architecture = templateById('small-cnn')?.architecture([8, 8, 1], 10);
if (!architecture) throw new Error('no such template');

const plan: SearchPlan = {
  base: {
    start: { kind: 'fresh', architecture },
    training: {
      optimizer: ADAM,
      learningRate: 0.1,
      schedule: { kind: 'cosine' },
      batchSize: 32,
      epochs: 9,
      seed: 1,
      l1: 0,
      l2: 0,
      dropout: null,
    },
    recipe: null,
  },
  dimensions: [
    { kind: 'list', target: { of: 'training', key: 'batchSize' }, values: [16, 32, 64] },
    { kind: 'list', target: { of: 'network', key: 'template' }, values: ['small-cnn'] },
  ],
  strategy: { kind: 'grid' },
  seed: 1,
  folds: 0,
  seeds: [1],
  limit: null,
};
const result = (candidate: number, accuracy: number | null, some: Partial<RunResult> = {}): SearchResult => ({
  candidate,
  round: 0,
  fold: null,
  seed: 1,
  epochs: 9,
  of: 9,
  score: accuracy === null ? null : { accuracy, loss: 0.2, images: 300 },
  cost: { parameters: 1234, macs: 5678, bytes: 9000 },
  seconds: 2,
  curve: [],
  ...some,
});
const job = (some: Partial<SearchJob> = {}): SearchJob => ({
  search: { plan, dataset: 'digits', parents: {} },
  purpose: 'choose',
  node: null,
  name: 'Small CNN',
  results: [],
  status: 'running',
  current: null,
  made: {},
  taking: null,
  fault: null,
  ...some,
});

function show(now: SearchJob | null) {
  search.setState({ mode: 'network', job: now });
  return render(
    <Dress>
      <SearchTab />
    </Dress>,
  );
}

beforeEach(() => {
  localStorage.clear();
  view.setState({ language: 'en' });
  project.setState({ ...projectOf([]), selected: null, past: [], future: [] });
});

describe('setting up', () => {
  test('counts the work, and refuses more than a tab can do', async () => {
    const person = userEvent.setup();
    setDraft('network', { strategy: 'grid', dimensions: plan.dimensions });
    show(null);
    expect(screen.getByText('3 candidates, 3 models to train, 60 epochs in all.')).toBeTruthy();
    const seeds = screen.getByRole('spinbutton', { name: 'Seeds for each' });
    await person.clear(seeds);
    await person.type(seeds, '2');
    await person.selectOptions(screen.getByRole('combobox', { name: 'Judged on' }), '5');
    expect(screen.getByText('3 candidates, 30 models to train, 600 epochs in all.')).toBeTruthy();
    act(() =>
      setDraft('network', {
        dimensions: [
          { ...range, levels: 50 },
          { ...range, target: width, levels: 50 },
        ],
      }),
    );
    expect(screen.getByText(/more than 2000 models/)).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Start the search' }).hasAttribute('disabled')).toBe(true);
  });

  test('values are numbers with commas between; with what is none no search begins', async () => {
    const person = userEvent.setup();
    setDraft('network', { seeds: 1, folds: 0, dimensions: plan.dimensions.slice(0, 1) });
    show(null);
    const field = screen.getByRole('textbox', { name: 'Values of Batch size' });
    await person.clear(field);
    await person.type(field, '8, 24, x');
    const values = () => search.getState().drafts.network.dimensions[0];
    expect(values()).toMatchObject({ values: [8, 24] });
    expect(field.getAttribute('aria-invalid')).toBe('true');
    await person.click(screen.getByRole('button', { name: 'Start the search' }));
    expect(search.getState().job).toBeNull();
    expect(document.activeElement).toBe(field);
    await person.type(field, '{Escape}');
    expect((field as HTMLInputElement).value).toBe('8, 24');
  });

  test('offers successive halving over methods where one of them trains, and says why where none does', () => {
    setDraft('recipe', { steps: [{ pass: 'magnitude-pruning', values: {} }] });
    show(null);
    act(() => setMode('recipe'));
    const halving = () => screen.getByRole('option', { name: 'Successive halving' }) as HTMLOptionElement;
    expect(halving().disabled).toBe(true);
    expect(screen.getByText(/add a method that trains for some/)).toBeTruthy();
    act(() => setDraft('recipe', { steps: [{ pass: 'fine-tuning', values: {} }], strategy: 'halving' }));
    expect(halving().disabled).toBe(false);
    expect(screen.getByText(/the epochs of “Fine-tuning”.* each round begins anew/)).toBeTruthy();
    expect(screen.getByRole('spinbutton', { name: 'Epochs in all' })).toBeTruthy();
    act(() => setDraft('recipe', { steps: [], strategy: 'random' }));
  });

  test('asks for a model where there is none to search methods on', async () => {
    const person = userEvent.setup();
    show(null);
    await person.click(screen.getByRole('tab', { name: 'Methods' }));
    expect(screen.getByText(/Select a model that was trained or opened/)).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Start the search' }).hasAttribute('disabled')).toBe(true);
  });
});

const width = { of: 'network', key: 'width' } as const;
const range = {
  kind: 'range',
  target: { of: 'training', key: 'learningRate' },
  low: 0.001,
  high: 0.1,
  log: true,
  step: 0,
  levels: 3,
} as const;

describe('a search', () => {
  test('tells how far it is, who leads, and which run goes on', () => {
    const run = { candidate: 1, round: 0, fold: null, seed: 1, epochs: 9, of: 9 };
    show(job({ results: [result(0, 0.91)], current: { run, train: null } }));
    expect(screen.getByRole('heading', { name: 'Searching Small CNN' })).toBeTruthy();
    expect(screen.getByText('Candidate 2 of 3')).toBeTruthy();
    // One of three, 2 s each.
    expect(screen.getByText(/^33.% ?, about 4.0.s left$/)).toBeTruthy();
    expect(screen.getByText('2 candidates wait.')).toBeTruthy();
    expect(screen.getByText('Test is looked at when the search ends, for the best alone.')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Pause' })).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'New search' })).toBeNull();
  });

  test('lists candidates the best first, and tells the chosen one in full', async () => {
    const person = userEvent.setup();
    const fault = { en: 'It came to nothing.', zh: '' };
    const { container } = show(
      job({ status: 'stopped', results: [result(0, 0.8), result(1, null, { fault }), result(2, 0.9)] }),
    );
    const table = screen.getByRole('table', { name: 'Candidates, the best first' });
    const numbers = within(table)
      .getAllByRole('button')
      .map(({ textContent }) => textContent);
    expect(numbers).toEqual(['3', '1', '2']);
    expect(container.querySelectorAll('[data-candidate]')).toHaveLength(2);
    await person.click(within(table).getByRole('button', { name: 'Candidate 2' }));
    expect(screen.getByText('It came to nothing.')).toBeTruthy();
    // What failed cannot be made a model; others can.
    const take = (candidate: number) =>
      within(screen.getByRole('region', { name: `Candidate ${candidate}` })).queryByRole('button', {
        name: 'Make it a model',
      });
    expect(take(2)).toBeNull();
    await person.click(within(table).getByRole('button', { name: 'Candidate 1' }));
    expect(take(1)).toBeTruthy();
    expect(container.querySelector('[data-stands="2"]')?.getAttribute('data-candidate')).toBe('0');
  });

  test('that is done shows what the best was worth on test', () => {
    project.setState(projectOf([modelNode({ id: 'made', validation: 0.9, test: 0.87 })]));
    show(job({ status: 'done', results: [result(0, 0.8), result(1, 0.7), result(2, 0.9)], made: { 2: 'made' } }));
    expect(screen.getByRole('heading', { name: 'Best of 3' })).toBeTruthy();
    expect(screen.getByText('Test, measured once').parentElement?.textContent).toContain('87.00');
    expect(screen.getByRole('button', { name: 'New search' })).toBeTruthy();
  });

  test('that found nothing, or failed, says so', () => {
    const fault = { code: 'worker-died', words: { en: 'The engine died.', zh: '' } };
    show(job({ status: 'failed', fault, results: [result(0, null), result(1, null), result(2, null)] }));
    expect(screen.getByRole('alert').textContent).toContain('The engine died.');
    expect(screen.getByText(/^Nothing was found/)).toBeTruthy();
  });
});

test('a value stands on its axis where the range has it', () => {
  expect(shareOf(range, 0.01)).toBeCloseTo(0.5, 12);
  expect(shareOf({ ...range, log: false, low: 0, high: 4 }, 1)).toBe(0.25);
  expect(shareOf({ kind: 'list', target: width, values: ['a', 'b', 'c'] }, 'b')).toBe(0.5);
  expect(shareOf({ kind: 'list', target: width, values: ['a'] }, 'a')).toBe(0.5);
});
