/** What the page tells: news goes by itself, an error stays; the line of status says what training is at. */
import { act, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { training } from '#stores/training';
import { notify } from '#stores/view';
import { Dress } from '#ui/App.tsx';
import { Notices, StatusBar } from '#ui/Notices.tsx';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('news goes after a while, one after another; an error stays until it is dismissed', () => {
  render(
    <Dress>
      <Notices />
    </Dress>,
  );
  act(() => {
    notify({ level: 'error', words: { en: 'It broke.', zh: '坏了。' } });
    notify({ level: 'info', words: { en: 'First.', zh: '一。' } });
    notify({ level: 'info', words: { en: 'Second.', zh: '二。' } });
  });
  act(() => vi.advanceTimersByTime(11_000));
  expect(screen.queryByText('First.')).not.toBeNull();
  act(() => vi.advanceTimersByTime(2000));
  expect(screen.queryByText('First.')).toBeNull();
  expect(screen.queryByText('Second.')).not.toBeNull();
  act(() => vi.advanceTimersByTime(30_000));
  expect(screen.queryByText('Second.')).toBeNull();
  expect(screen.queryByText('It broke.')).not.toBeNull();
});

test('the status is not “ready” while a run begins', () => {
  render(
    <Dress>
      <StatusBar />
    </Dress>,
  );
  act(() => training.setState({ status: 'running', progress: null }));
  expect(screen.getByRole('status').textContent).toBe('Training…');
  act(() => training.setState({ status: 'finishing' }));
  expect(screen.getByRole('status').textContent).toBe('Measuring on validation and test…');
  act(() => training.setState({ status: 'idle' }));
});
