import { beforeEach, describe, expect, test } from 'vitest';
import { optimize } from '#stores/optimize';
import { project } from '#stores/project';
import { setTab, view } from '#stores/view';
import { distil, studentFor } from '#ui/predictor/distil.ts';
import { markOf } from '#ui/predictor/mark.ts';
import { ensemble, members } from '../combine/nodes';
import { modelNode, projectOf } from '../models/nodes';

describe('from many to one', () => {
  beforeEach(() => setTab('combine'));

  test('the best member lends its structure; without one the last model of the same data set', () => {
    const other = modelNode({ id: 'o', name: 'Other', validation: 0.99 });
    const elsewhere = modelNode({ id: 'x', dataset: 'mnist' });
    expect(studentFor(projectOf([...members, ensemble, other, elsewhere]), ensemble)?.id).toBe('b');
    expect(studentFor(projectOf([ensemble, other, elsewhere]), ensemble)?.id).toBe('o');
    expect(studentFor(projectOf([ensemble, elsewhere]), ensemble)).toBeNull();
  });

  test('sets up a distillation: the same network afresh, taught by the ensemble, and compared with itself alone', () => {
    project.setState({ ...projectOf([...members, ensemble]), selected: 'e', past: [], future: [] });
    distil(ensemble);
    expect(view.getState()).toMatchObject({ tab: 'optimize', optimizeView: 'method' });
    expect(project.getState().selected).toBe('b');
    expect(optimize.getState().method).toBe('distillation');
    expect(optimize.getState().values['distillation']).toMatchObject({
      teacher: 'e',
      student: 'fresh',
      width: 1,
      depth: 1,
      alone: true,
    });
  });

  test('leads to training where there is no network at all', () => {
    project.setState({ ...projectOf([ensemble]), selected: 'e', past: [], future: [] });
    distil(ensemble);
    expect(view.getState().tab).toBe('train');
  });
});

test('marks tell ensembles and trees from networks', () => {
  const trees = modelNode({
    id: 't',
    origin: { kind: 'trees', method: 'random-forest', values: {}, seed: 1, parents: [], seconds: 1, importance: [] },
  });
  expect([ensemble, trees, ...members].map(markOf)).toEqual(['combined', 'trees', 'training', 'training']);
});
