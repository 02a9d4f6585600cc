/** What the page tells: news goes by itself, an error stays; the line of status says what training is at. */
import { act, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { candidates } from '#stores/candidates';
import { optimize } from '#stores/optimize';
import { training } from '#stores/training';
import { announce, notify, setTab, unannounce } from '#stores/view';
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

describe('the line of status', () => {
  const said = () => screen.getByRole('status').textContent?.replace('\u202f', ' ').replace('\u00a0', ' ');
  const ready = 'Ready. Nothing leaves this computer.';
  const begin = () => {
    act(unannounce);
    render(
      <Dress>
        <StatusBar />
      </Dress>,
    );
  };
  const applied = (done: number) =>
    act(() => optimize.setState({ applying: { method: 'fine-tuning', node: 'a', done, train: null } }));

  test('tells what is going on and how far, every few seconds, and what came of it when it ends', () => {
    begin();
    act(() => announce({ en: 'No new model was made.', zh: '没有生成新模型。' }));
    expect(said()).toBe('No new model was made.');
    applied(0);
    expect(said()).toBe('Applying Fine-tuning: 0 %.');
    applied(0.2);
    applied(0.4);
    expect(said()).toBe('Applying Fine-tuning: 0 %.');
    act(() => vi.advanceTimersByTime(2600));
    expect(said()).toBe('Applying Fine-tuning: 40 %.');
    act(() => optimize.setState({ applying: null }));
    // What was announced before it began is over.
    expect(said()).toBe(ready);
    act(() => candidates.setState({ going: { kind: 'search', done: 0.25 } }));
    expect(said()).toBe('Searching: 25 %.');
    act(() => candidates.setState({ going: null }));
  });

  test('tells news for a while although something goes on', () => {
    begin();
    applied(0.5);
    act(() => announce({ en: 'Removed again: A.', zh: '' }));
    expect(said()).toBe('Removed again: A.');
    act(() => vi.advanceTimersByTime(7000));
    expect(said()).toBe('Applying Fine-tuning: 50 %.');
    act(() => optimize.setState({ applying: null }));
    expect(said()).toBe('Removed again: A.');
  });

  test('has no news of another tab', () => {
    act(() => setTab('optimize'));
    begin();
    act(() => announce({ en: 'No new model was made.', zh: '' }));
    act(() => setTab('optimize'));
    expect(said()).toBe('No new model was made.');
    act(() => setTab('export'));
    expect(said()).toBe(ready);
  });

  test('forgets what was announced when a training run begins', () => {
    begin();
    act(() => announce({ en: 'Made A.', zh: '' }));
    act(() => training.setState({ status: 'running', progress: null }));
    act(() => training.setState({ status: 'idle' }));
    expect(said()).toBe(ready);
  });
});
