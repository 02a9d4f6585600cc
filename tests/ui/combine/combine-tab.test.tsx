/** The tab over an engine whose answers the test gives by hand. */
import { act, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, test } from 'vitest';
import { combine, setCombineView, setMembers, setWay } from '#stores/combine';
import { datasets } from '#stores/datasets';
import { connect } from '#stores/engine';
import { setMaking } from '#stores/making';
import { project } from '#stores/project';
import { view } from '#stores/view';
import { Dress } from '#ui/App.tsx';
import { CombineTab } from '#ui/combine/CombineTab.tsx';
import { usualMembers } from '#ui/combine/WaysView.tsx';
import type { Client } from '#worker/client';
import type { CombinePreview } from '#worker/protocol-ensembles';
import { accuracy, modelNode, projectOf } from '../models/nodes';
import { ensemble, members, result } from './nodes';

const preview: CombinePreview = {
  validation: accuracy(0.97),
  macs: 30_000,
  parameters: 3000,
  used: [1, 1],
  weights: [0.5, 0.5],
  members: [accuracy(0.94), accuracy(0.95)],
};
let asked: { name: string; request: unknown }[] = [];
const answers: Readonly<Record<string, unknown>> = {
  combinePreview: preview,
  combine: { ...result, model: ensemble.summary },
};
const plain = (text: string | null | undefined) => text?.replaceAll('\u00a0', ' ') ?? '';

beforeEach(() => {
  asked = [];
  const client = {
    call: (name: string, request: unknown) => {
      asked.push({ name, request });
      return name in answers ? Promise.resolve(answers[name]) : new Promise(() => undefined);
    },
    dispose: () => undefined,
  };
  connect(client as unknown as Client);
  view.setState({ language: 'en', tab: 'combine', notices: [] });
  project.setState({ ...projectOf([]), selected: null, past: [], future: [] });
  combine.setState({ members: [], sources: [], made: null, fault: null, preview: null });
  setWay('mean-probabilities');
  setCombineView('combine');
});

function open() {
  render(
    <Dress>
      <CombineTab />
    </Dress>,
  );
  return userEvent.setup();
}

describe('combining', () => {
  test('needs two models, and says where they come from', async () => {
    project.setState(projectOf([members[0] as (typeof members)[number]]));
    const person = open();
    expect(screen.getByText('Two models are needed to combine.')).toBeTruthy();
    await person.click(screen.getByRole('button', { name: 'Grow trees' }));
    expect(screen.getByLabelText('Kind of trees')).toBeTruthy();
  });

  test('shows at once what the models on the page are together, beside the best of them', async () => {
    project.setState(projectOf(members));
    open();
    const box = await screen.findByRole('region', { name: 'With these values' });
    await waitFor(() => expect(within(box).getByTestId('together').textContent).toContain('97.00'));
    expect(plain(box.textContent)).toContain('+2.00 points');
    expect(plain(box.textContent)).toContain('Second 95.00 %');
    expect(screen.getByText('2 of 2 chosen')).toBeTruthy();
  });

  test('a way by hand has a slider for each member, named after it', async () => {
    project.setState(projectOf(members));
    open();
    act(() => setWay('hand-weights'));
    expect(screen.getAllByRole('slider').map((one) => one.getAttribute('id') !== null)).toEqual([true, true]);
    expect(screen.getByLabelText('Weight of First')).toBeTruthy();
    expect(screen.getByLabelText('Weight of Second')).toBeTruthy();
  });

  test('a cascade has an order, smallest first, that can be changed', async () => {
    project.setState(projectOf(members));
    const person = open();
    act(() => setMembers(['b', 'a']));
    act(() => setWay('cascade'));
    expect(combine.getState().members).toEqual(['a', 'b']);
    await person.click(screen.getByRole('button', { name: 'Move Second up' }));
    expect(combine.getState().members).toEqual(['b', 'a']);
    await person.click(screen.getByRole('button', { name: 'Smallest first' }));
    expect(combine.getState().members).toEqual(['a', 'b']);
  });

  test('too few members: the button says why it cannot be pressed', async () => {
    project.setState(projectOf(members));
    const person = open();
    await person.click(screen.getByRole('checkbox', { name: 'Second' }));
    expect(screen.getByText('Choose 2 models or more.')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Combine' })).toHaveProperty('disabled', true);
  });

  test('makes an ensemble and shows what came of it', async () => {
    project.setState(projectOf(members));
    const person = open();
    await person.click(screen.getByRole('button', { name: 'Combine' }));
    await waitFor(() => expect(project.getState().order).toHaveLength(3));
    expect(asked.find(({ name }) => name === 'combine')?.request).toMatchObject({
      way: 'mean-probabilities',
      members: [{ id: 'm-a' }, { id: 'm-b' }],
    });
    expect(await screen.findByText(/^Together right on/)).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Distil it into one model' })).toBeTruthy();
  });

  test('members are of the data set that is being worked on', async () => {
    const other = (id: string) => modelNode({ id, name: `Other ${id}`, dataset: 'mnist' });
    project.setState(projectOf([...members, other('x'), other('y')]));
    open();
    expect(combine.getState().members).toEqual(['a', 'b']);
    act(() => datasets.setState({ selected: 'mnist' }));
    expect(combine.getState().members).toEqual(['x', 'y']);
    expect(screen.queryByRole('checkbox', { name: 'First' })).toBeNull();
    act(() => datasets.setState({ selected: 'digits' }));
    expect(combine.getState().members).toEqual(['a', 'b']);
  });

  test('members are trained from the selected model', () => {
    project.setState({ ...projectOf(members), selected: 'a' });
    open();
    act(() => setCombineView('make'));
    expect(combine.getState().sources).toEqual(['a']);
    expect(screen.getByLabelText('Start from')).toHaveProperty('value', 'a');
    expect(screen.getByRole('button', { name: 'Train members' })).toHaveProperty('disabled', false);
  });

  test('a choice that was emptied stays so, whatever else changes on the page', async () => {
    project.setState({ ...projectOf(members), selected: 'a' });
    const person = open();
    act(() => setCombineView('make'));
    act(() => setMaking('out-of-fold'));
    await person.click(screen.getByRole('checkbox', { name: 'First' }));
    act(() => project.setState({ saved: 'memory' }));
    act(() => project.setState({ saved: 'saved' }));
    expect(combine.getState().sources).toEqual([]);
    await person.click(screen.getByRole('checkbox', { name: 'Second' }));
    expect(combine.getState().sources).toEqual(['b']);
    act(() => setMaking('bagging'));
    expect(combine.getState().sources).toEqual(['b']);
  });
});

test('the usual members are the best few, and no ensembles where there is something else', () => {
  const nodes = [0.9, 0.99, 0.5, 0.97].map((validation, at) => modelNode({ id: `n${at}`, validation }));
  expect(usualMembers([...nodes, ensemble], 3)).toEqual(['n0', 'n1', 'n3']);
  expect(usualMembers([members[0] as (typeof nodes)[number], ensemble])).toEqual(['a', 'e']);
});
