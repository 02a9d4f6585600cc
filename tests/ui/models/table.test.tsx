import { act, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { project, undo } from '#stores/project';
import { view } from '#stores/view';
import { Dress } from '#ui/App.tsx';
import { nextSorting, sortRows } from '#ui/models/columns.ts';
import { ModelsTable } from '#ui/models/ModelsTable.tsx';
import { treeRows } from '#ui/models/tree.ts';
import { Notices } from '#ui/Notices.tsx';
import { modelNode, projectOf, recipeOf } from './nodes';

const nodes = [
  modelNode({ id: 'a', name: 'Small CNN', parameters: 10_000, validation: 0.98, test: 0.97, latency: 0.5 }),
  modelNode({ id: 'x', name: 'Other', parameters: 500, validation: null }),
  modelNode({
    id: 'b',
    name: 'Small CNN, 90 % sparsity',
    parent: 'a',
    parameters: 10_000,
    nonZero: 1000,
    validation: 0.96,
    origin: recipeOf('magnitude-pruning', { sparsity: 0.55 }),
  }),
];

describe('rows', () => {
  test('children follow their parent; without it they stand by themselves', () => {
    expect(treeRows(projectOf(nodes)).map(({ node, depth }) => `${node.id}${depth}`)).toEqual(['a0', 'b1', 'x0']);
    expect(treeRows(projectOf(nodes, ['x', 'b'])).map(({ node, depth }) => `${node.id}${depth}`)).toEqual(['x0', 'b0']);
  });

  test('a loop in the ancestry does not hang the page', () => {
    const loop = [modelNode({ id: 'p', parent: 'q' }), modelNode({ id: 'q', parent: 'p' })];
    expect(treeRows(projectOf(loop, ['p'])).map(({ node }) => node.id)).toEqual(['p']);
  });

  test('sorting puts what was not measured last, either way', () => {
    const rows = treeRows(projectOf(nodes));
    const ids = (direction: 'ascending' | 'descending') =>
      sortRows(rows, { column: 'validation', direction }).map(({ node }) => node.id);
    expect(ids('descending')).toEqual(['a', 'b', 'x']);
    expect(ids('ascending')).toEqual(['b', 'a', 'x']);
  });

  test('a header sorts, turns round, and lets go', () => {
    const first = nextSorting(null, 'size');
    expect(first).toEqual({ column: 'size', direction: 'ascending' });
    expect(nextSorting(first, 'size')).toEqual({ column: 'size', direction: 'descending' });
    expect(nextSorting({ column: 'size', direction: 'descending' }, 'size')).toBeNull();
    expect(nextSorting(null, 'test')?.direction).toBe('descending');
  });
});

describe('the table of models', () => {
  beforeEach(() => {
    view.setState({ language: 'en', notices: [] });
    project.setState({ ...projectOf(nodes), selected: 'a', past: [], future: [] });
    render(
      <Dress>
        <ModelsTable />
        <Notices />
      </Dress>,
    );
  });
  const table = () => screen.getByRole('table', { name: 'Models' });
  const row = (name: string) => {
    const button = within(table()).getByRole('button', { name });
    return button.closest('tr') as HTMLTableRowElement;
  };

  test('has the columns by name, and a row a model with raw numbers', () => {
    const headers = within(table())
      .getAllByRole('columnheader')
      .map((header) => header.textContent);
    expect(headers).toEqual([
      'Name',
      'Parameters',
      'Non-zero',
      'Size',
      'MACs',
      'Accuracy (test)',
      'Validation',
      'Latency',
      'Took',
    ]);
    const values = [...row('Small CNN').cells].slice(1).map((cell) => cell.dataset['value']);
    expect(values).toEqual(['10000', '10000', '40000', '100000', '0.97', '0.98', '0.5', '5']);
    expect([...row('Other').cells].at(-2)?.dataset['value']).toBeUndefined();
  });

  test('says what a model came from, and how much is left', () => {
    const pruned = row('Small CNN, 90 % sparsity').textContent?.replaceAll('\u00a0', ' ');
    expect(pruned).toContain('Magnitude pruning, Sparsity 55 %');
    expect(pruned).toContain('from Small CNN');
    expect(pruned).toContain('10.0 %');
  });

  test('selects, renames and removes', async () => {
    const person = userEvent.setup();
    await person.click(within(table()).getByRole('button', { name: 'Other' }));
    expect(project.getState().selected).toBe('x');
    expect(row('Other').getAttribute('aria-current')).toBe('true');

    await person.click(screen.getByRole('button', { name: 'Rename Other' }));
    await person.clear(screen.getByRole('textbox', { name: 'New name' }));
    await person.type(screen.getByRole('textbox', { name: 'New name' }), 'Mine{Enter}');
    expect(project.getState().nodes['x']?.name).toBe('Mine');

    await person.click(screen.getByRole('button', { name: 'Rename Mine' }));
    await person.type(screen.getByRole('textbox', { name: 'New name' }), ' not{Escape}');
    expect(project.getState().nodes['x']?.name).toBe('Mine');

    await person.click(screen.getByRole('button', { name: 'Remove Mine' }));
    expect(project.getState().order).toEqual(['a', 'b']);
    expect(view.getState().notices.at(-1)).toMatchObject({ words: { en: 'Mine was removed.' }, restores: 'x' });
  });

  test('a model removed by keyboard comes back by keyboard, and has the focus', async () => {
    const person = userEvent.setup();
    within(table()).getByRole('button', { name: 'Remove Other' }).focus();
    await person.keyboard('{Enter}');
    expect(project.getState().order).toEqual(['a', 'b']);
    const undo = screen.getByRole('button', { name: 'Undo' });
    await vi.waitFor(() => expect(document.activeElement).toBe(undo));
    await person.keyboard('{Enter}');
    expect(project.getState()).toMatchObject({ order: ['a', 'x', 'b'], selected: 'x', past: [] });
    await vi.waitFor(() => expect(document.activeElement).toBe(within(table()).getByRole('button', { name: 'Other' })));
    expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull();
  });

  test('a removal that was undone otherwise is told no longer', async () => {
    await userEvent.setup().click(screen.getByRole('button', { name: 'Remove Other' }));
    expect(screen.getByText('Other was removed.')).toBeTruthy();
    act(() => undo());
    expect(screen.queryByText('Other was removed.')).toBeNull();
  });

  test('sorts by a header', async () => {
    await userEvent.setup().click(screen.getByRole('button', { name: 'Validation' }));
    expect(screen.getByRole('columnheader', { name: 'Validation' }).getAttribute('aria-sort')).toBe('descending');
    const names = [...table().querySelectorAll('tbody tr')].map((each) =>
      each.querySelector('button')?.getAttribute('aria-label'),
    );
    expect(names).toEqual(['Small CNN', 'Small CNN, 90 % sparsity', 'Other']);
  });
});
