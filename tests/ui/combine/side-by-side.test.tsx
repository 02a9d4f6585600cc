import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, test } from 'vitest';
import { project } from '#stores/project';
import { view } from '#stores/view';
import { Dress } from '#ui/App.tsx';
import { EnsembleResult } from '#ui/combine/EnsembleResult.tsx';
import { linesOf, studentsOf } from '#ui/combine/lines.ts';
import { ResultView, shownOf } from '#ui/combine/ResultView.tsx';
import { modelNode, projectOf } from '../models/nodes';
import { ensemble, members, origin, result, student } from './nodes';

const state = projectOf([...members, ensemble, student]);
const plain = (text: string | null | undefined) => text?.replaceAll('\u00a0', ' ') ?? '';

describe('lines', () => {
  test('are the members, the ensemble, and what learned from it', () => {
    const lines = linesOf(state, ensemble, origin);
    expect(lines.map(({ role, name, size }) => [role, name, size?.parameters])).toEqual([
      ['member', 'First', 1000],
      ['member', 'Second', 2000],
      ['ensemble', 'Both', 3000],
      ['student', 'Second, distillation', 1500],
    ]);
  });

  test('know a member that has left only by its accuracy', () => {
    const { nodes, order } = projectOf([members[1] as (typeof members)[number], ensemble]);
    const [gone, left] = linesOf({ nodes, order }, ensemble, origin);
    expect(gone).toMatchObject({ name: 'First', size: null, node: null, test: { value: 0.93 } });
    expect(left?.node).toBe('b');
  });

  test('leave out a student whose step was switched off', () => {
    const off = { pass: 'distillation', values: { teacher: 'e' }, off: true };
    const other = {
      ...student,
      origin: { kind: 'recipe' as const, recipe: { version: 1 as const, seed: 1, steps: [off] }, seconds: 1 },
    };
    expect(studentsOf(projectOf([ensemble, other]), 'e')).toEqual([]);
    expect(studentsOf(state, 'e').map(({ id }) => id)).toEqual(['s']);
  });
});

test('a soup is shown by itself, a member within its ensemble', () => {
  const made = { kind: 'made', making: 'soups', values: {}, seed: 1, member: 0, parents: ['a'], seconds: 1 } as const;
  const soup = modelNode({ id: 'soup', name: 'Soup', origin: made });
  const member = { ...(members[0] as (typeof members)[number]), origin: { ...made, making: 'bagging' } };
  const all = projectOf([member, members[1] as typeof member, ensemble, soup]);
  expect(['soup', 'a'].map((selected) => shownOf({ ...all, selected })?.id)).toEqual(['soup', 'e']);
});

test('an ensemble from a file is among what can be looked at', () => {
  const opened = { ...ensemble, id: 'o', origin: { kind: 'opened', file: 'e.zip', format: 'tfjs-layers' } as const };
  const all = { ...projectOf([...members, opened]), selected: 'o' };
  expect(shownOf(all)?.id).toBe('o');
  view.setState({ language: 'en' });
  project.setState({ ...all, past: [], future: [] });
  render(
    <Dress>
      <ResultView />
    </Dress>,
  );
  expect(screen.getByRole('img', { name: /goes to 2 members/ })).toBeTruthy();
  expect(plain(document.body.textContent)).toContain('75.0 %');
  expect(screen.getByRole('button', { name: 'Distil it into one model' })).toBeTruthy();
});

test('what is shown belongs to what is selected: itself, its teacher, its ensemble, or the last one', () => {
  const last = { ...ensemble, id: 'last', origin: { ...origin, parents: [] } };
  const all = projectOf([...members, ensemble, student, last]);
  const shown = (selected: string | null) => shownOf({ ...all, selected })?.id;
  expect(['e', 's', 'a', 'last', null].map(shown)).toEqual(['e', 'e', 'e', 'last', 'last']);
});

describe('what came of it', () => {
  beforeEach(() => {
    view.setState({ language: 'en', tab: 'combine' });
    project.setState({ ...state, selected: 'e', past: [], future: [] });
  });
  const show = (own: typeof result) =>
    render(
      <Dress>
        <EnsembleResult node={ensemble} origin={{ ...origin, result: own }} />
      </Dress>,
    );

  test('says what it gained, and what its student keeps of it', () => {
    show(result);
    const said = plain(document.body.textContent);
    expect(said).toContain(
      'Together right on 96.00 % of the test images, the best member alone on 94.50 %: 1.50 points more.',
    );
    expect(said).toContain('One model taught by it is right on 95.50 % with 50 % of the parameters.');
    const table = screen.getByRole('table', { name: 'Side by side' });
    const tests = [...table.querySelectorAll<HTMLElement>('[data-column="test"]')].map((cell) => cell.dataset['value']);
    expect(tests).toEqual(['0.93', '0.945', '0.96', '0.955']);
    expect(within(table).getByText('96.00', { exact: false }).tagName).toBe('B');
  });

  test('says as plainly what it lost', () => {
    show({ ...result, test: { ...result.test, value: 0.94 } });
    expect(plain(document.body.textContent)).toContain('0.50 points less. Combining did not pay here.');
  });

  test('says who carries it and how members differ', () => {
    show(result);
    const said = plain(document.body.textContent);
    expect(said).toContain('75.0 %');
    expect(said).toContain(
      'First and Second: on 7.0 % of the images exactly one of them is right; they often err together.',
    );
    expect(said).toContain('2 validation images that no member gets right and the ensemble does.');
  });

  test('leads to a member, and to a distillation with the ensemble for its teacher', async () => {
    const person = userEvent.setup();
    show(result);
    await person.click(screen.getByRole('button', { name: 'First' }));
    expect(project.getState().selected).toBe('a');
    await person.click(screen.getByRole('button', { name: 'Distil it into one model' }));
    expect(view.getState()).toMatchObject({ tab: 'optimize', optimizeView: 'method' });
    // The better member lends its structure.
    expect(project.getState().selected).toBe('b');
  });
});
