/** While a slider moves the chart's axes only grow, so that the chart is not drawn anew at every move. */
import { act, renderHook } from '@testing-library/react';
import { beforeEach, describe, expect, it } from 'vitest';
import { optimize } from '#stores/optimize';
import { project } from '#stores/project';
import type { ModelNode } from '#stores/state';
import { setAxis, setOptimizeView, setTab } from '#stores/view';
import { useChart } from '#ui/models/use-chart.ts';
import type { PreviewResult } from '#worker/protocol';

const node = {
  id: 'n',
  name: 'LeNet',
  model: 'm',
  summary: { parameters: 400_000, nonZero: 400_000, bytes: 1_600_000, macs: 1e6 },
  parent: null,
  origin: { kind: 'template', template: 'lenet-5' },
  dataset: 'digits',
  validation: { value: 0.98, low: 0.975, high: 0.985, images: 10_000, loss: 0.1 },
  test: null,
  latency: null,
  notes: [],
  made: 0,
} as unknown as ModelNode;

const preview = (nonZero: number, value: number): PreviewResult => ({
  parameters: 400_000,
  nonZero,
  macs: 1e6,
  bytes: 4 * nonZero,
  isWritten: false,
  accuracy: {
    value,
    low: value - 0.01,
    high: value + 0.005,
    images: 256,
    change: { value: -0.01, low: -0.02, high: 0 },
  },
});

beforeEach(() => {
  project.setState({ nodes: { n: node }, order: ['n'], selected: 'n' });
  optimize.setState({ preview: null, sweep: null });
  setTab('optimize');
  setAxis('nonZero');
});

describe('on the axis of bytes', () => {
  const written = { ...preview(100_000, 0.97), isWritten: true };

  it('what was not written is told as an estimate, and only there', () => {
    setAxis('bytes');
    optimize.setState({ preview: preview(100_000, 0.97) });
    const { result } = renderHook(() => useChart(8));
    expect(result.current.moving).toMatchObject({ preview: { x: 400_000 }, isEstimate: true });
    act(() => setAxis('nonZero'));
    expect(result.current.moving).toMatchObject({ preview: { x: 100_000 }, isEstimate: false });
  });

  it('what was written is not', () => {
    setAxis('bytes');
    optimize.setState({ preview: written });
    expect(renderHook(() => useChart(8)).result.current.moving.isEstimate).toBe(false);
  });

  it('a sweep goes through what was written only', () => {
    const points = [
      { value: 0.5, ...preview(200_000, 0.98) },
      { value: 0.75, ...written },
      { value: 0.9, ...preview(40_000, 0.9), isWritten: true },
    ];
    setAxis('bytes');
    optimize.setState({ sweep: { param: 'sparsity', points } });
    const { result } = renderHook(() => useChart(8));
    expect(result.current.moving.sweep.map(({ x }) => x)).toEqual([400_000, 160_000]);
    act(() => setAxis('nonZero'));
    expect(result.current.moving.sweep).toHaveLength(3);
  });
});

it('the slider’s point stands where the slider is in sight', () => {
  optimize.setState({ preview: preview(100_000, 0.97) });
  const { result } = renderHook(() => useChart(8));
  expect(result.current.moving.preview).toMatchObject({ x: 100_000 });
  act(() => setOptimizeView('sensitivity'));
  expect(result.current.moving.preview).toBeNull();
  act(() => setOptimizeView('method'));
  expect(result.current.moving.preview).toMatchObject({ x: 100_000 });
});

describe('the axes', () => {
  it('grow with the slider, stay when it goes back, and are as before when its answer is gone', () => {
    const { result } = renderHook(() => useChart(8));
    const begin = result.current.axes;
    const move = (to: PreviewResult | null) => {
      // Longer ago than the chart waits between two drawings.
      act(() => optimize.setState({ preview: to }));
      return result.current.axes;
    };
    const far = move(preview(20_000, 0.8));
    expect(far.x.domain[0]).toBeLessThan(begin.x.domain[0]);
    expect(far.y.domain[0]).toBeLessThan(begin.y.domain[0]);
    return new Promise<void>((resolve) => setTimeout(resolve, 120)).then(() => {
      const back = move(preview(300_000, 0.975));
      expect(result.current.moving.preview?.x).toBe(300_000);
      expect(back).toBe(far);
      act(() => project.setState({ nodes: { n: { ...node, name: 'other' } } }));
      expect(result.current.axes.x.domain[0]).toBeGreaterThan(far.x.domain[0]);
    });
  });
});
