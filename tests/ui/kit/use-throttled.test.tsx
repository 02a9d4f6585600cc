import { act, renderHook } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import { useThrottledPart, useThrottledStore } from '#ui/kit/use-throttled.ts';

const pick = (state: { part: number }) => state.part;

describe('useThrottledPart', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());
  const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));

  it('hears its part at once, whatever else changed just before', async () => {
    const store = createStore(() => ({ part: 0, rest: 0 }));
    const { result } = renderHook(() => useThrottledPart(store, pick, 100));
    await pass(500);
    act(() => store.setState({ rest: 1 }));
    await pass(30);
    act(() => store.setState({ part: 1 }));
    // Without a timer: it is drawn together with whatever else hears of the change.
    expect(result.current).toBe(1);
  });

  it('hears it at most every so often, and the last of it for certain', async () => {
    const store = createStore(() => ({ part: 0 }));
    let drawn = 0;
    const { result } = renderHook(() => {
      drawn++;
      return useThrottledPart(store, pick, 100);
    });
    await pass(500);
    const before = drawn;
    for (let part = 1; part <= 50; part++) {
      act(() => store.setState({ part }));
      await pass(10);
    }
    expect(drawn - before).toBeGreaterThanOrEqual(4);
    expect(drawn - before).toBeLessThanOrEqual(6);
    await pass(100);
    expect(result.current).toBe(50);
  });

  it('is the whole state without a part', async () => {
    const store = createStore(() => ({ part: 0 }));
    const { result } = renderHook(() => useThrottledStore(store));
    act(() => store.setState({ part: 7 }));
    await pass(100);
    expect(result.current).toEqual({ part: 7 });
  });
});
