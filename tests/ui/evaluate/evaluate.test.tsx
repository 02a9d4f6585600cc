import { act, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { describe, expect, test } from 'vitest';
import { examined } from '#core/metrics/examination';
import { evaluate } from '#stores/evaluate';
import { project } from '#stores/project';
import type { Cell } from '#stores/state';
import { view } from '#stores/view';
import { Dress } from '#ui/App.tsx';
import { smallShare } from '#ui/evaluate/CompareView.tsx';
import { ConfusionTable, warmth } from '#ui/evaluate/ConfusionTable.tsx';
import { EvaluateTab } from '#ui/evaluate/EvaluateTab.tsx';
import { Images } from '#ui/evaluate/Images.tsx';
import type { CompareResult, ExamineResult, JudgedImages } from '#worker/protocol-evaluation';
import { modelNode, projectOf } from '../models/nodes';

view.setState({ language: 'en' });
const classes = { count: 3, name: (label: number) => ['cat', 'dog', 'owl'][label] ?? '?', isLong: true };
const plain = (text: string | null | undefined) => text?.replaceAll('\u00a0', ' ');

describe('the table of confusions', () => {
  test('says each cell, and arrows move through it', async () => {
    const person = userEvent.setup();
    function Held() {
      const [chosen, setChosen] = useState<Cell | null>(null);
      const confusion = [
        [8, 2, 0],
        [1, 9, 0],
        [0, 0, 1234],
      ];
      return <ConfusionTable confusion={confusion} classes={classes} chosen={chosen} onChoose={setChosen} />;
    }
    render(
      <Dress>
        <Held />
      </Dress>,
    );
    const table = screen.getByRole('table', { name: 'Which class is taken for which' });
    const cells = within(table).getAllByRole('button');
    expect(cells.map((cell) => cell.getAttribute('aria-label'))).toEqual([
      'cat: 8 right',
      'cat taken for dog: 2',
      'cat taken for owl: 0',
      'dog taken for cat: 1',
      'dog: 9 right',
      'dog taken for owl: 0',
      'owl taken for cat: 0',
      'owl taken for dog: 0',
      'owl: 1,234 right',
    ]);
    expect(cells.map(({ textContent }) => textContent)).toEqual(['8', '2', '', '1', '9', '', '', '', '1234']);
    // One stop of the Tab key; arrows do the rest, and end at the border.
    expect(cells.filter((cell) => cell.tabIndex === 0)).toEqual([cells[0]]);
    await person.tab();
    await person.keyboard('{ArrowUp}{ArrowRight}{ArrowDown}');
    expect(document.activeElement).toBe(cells[4]);
    expect(cells[4]?.getAttribute('aria-pressed')).toBe('true');
    // Pressed again it lets go.
    await person.keyboard('{Enter}');
    expect(cells[4]?.getAttribute('aria-pressed')).toBe('false');
  });

  test('colours a single error so that it is seen, and nothing for none', () => {
    expect(warmth(0, [10, 0])).toBe(0);
    expect(warmth(10, [10, 0])).toBe(1);
    expect(warmth(0, [0, 0])).toBe(0);
    expect(warmth(1, [999, 1])).toBeCloseTo(Math.log(1.099) / Math.log(100), 12);
  });
});

const judged = (count: number, total = count): JudgedImages => ({
  total,
  shape: [2, 2, 1],
  images: Array.from({ length: count }, (_, index) => ({
    index,
    pixels: Uint8Array.of(0, 255, 0, 255),
    truth: 0,
    answers: [
      { answer: 0, confidence: 0.93 },
      { answer: 1, confidence: 0.4 },
    ],
  })),
});

describe('images', () => {
  test('say what they are and what was said of them, a few at first', async () => {
    const person = userEvent.setup();
    render(
      <Dress>
        <Images found={judged(30, 50)} classes={classes} said={['A', 'B']} none="none" />
      </Dress>,
    );
    expect(screen.getAllByRole('listitem')).toHaveLength(18);
    const [first] = screen.getAllByRole('listitem');
    expect(within(first as HTMLElement).getByRole('img', { name: 'It is cat' })).toBeTruthy();
    expect(plain(first?.textContent)).toBe('catA✓rightcat93 %B✗wrongdog40 %');
    expect(screen.getByText('The first 18 of 50')).toBeTruthy();
    await person.click(screen.getByRole('button', { name: 'Show more' }));
    expect(screen.getAllByRole('listitem')).toHaveLength(30);
    expect(screen.getByText('The first 30 of 50')).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Show more' })).toBeNull();
  });

  test('say that there is none', () => {
    render(
      <Dress>
        <Images found={judged(0)} classes={classes} said={[null]} none="Nothing here." />
      </Dress>,
    );
    expect(screen.getByText('Nothing here.')).toBeTruthy();
  });
});

describe('the tab', () => {
  const labels = Uint8Array.from({ length: 40 }, (_, i) => i % 10);
  /** Every fourth is taken for the next class. */
  const logits = Float32Array.from({ length: 400 }, (_, at) => {
    const [i, k] = [Math.floor(at / 10), at % 10];
    return k === ((labels[i] as number) + (i % 4 === 0 ? 1 : 0)) % 10 ? 3 : 0;
  });
  const result: ExamineResult = {
    ...examined({ logits, labels }, { logits, labels }, 10),
    gives: 'probabilities',
    learned: null,
  };
  const compared: CompareResult = {
    counts: { both: 29, onlyA: 1, onlyB: 4, neither: 6 },
    images: 40,
    p: 0.375,
    difference: { value: -0.075, low: -0.19, high: 0.04 },
    agreement: 0.8,
    differing: { onlyA: judged(1), onlyB: judged(4), bothWrong: judged(0) },
  };
  const key = (name: string, request: unknown) => JSON.stringify([name, request]);

  function show(some: Partial<ReturnType<typeof evaluate.getState>> = {}): void {
    const nodes = [modelNode({ id: 'a' }), modelNode({ id: 'b', parent: 'a' })];
    project.setState({ ...projectOf(nodes), selected: 'b', looks: { digits: 7 } });
    evaluate.setState({
      view: 'confusion',
      split: 'validation',
      other: null,
      cell: null,
      allowed: [],
      running: null,
      fault: null,
      known: {
        [key('examine', { model: 'b', dataset: 'digits', split: 'validation' })]: result,
        [key('compareTwo', { a: 'b', b: 'a', dataset: 'digits', split: 'validation', most: 60 })]: compared,
      },
      ...some,
    });
    render(
      <Dress>
        <EvaluateTab />
      </Dress>,
    );
  }

  test('says the share with its interval, what it took, and how often test was looked at', () => {
    show();
    expect(screen.getByText(/30 of 40 validation images right/)).toBeTruthy();
    expect(plain(document.querySelector('[data-value="0.75"]')?.textContent)).toBe('75.00 %');
    expect(screen.getByText(/The test images of Digits were looked at 7 times/)).toBeTruthy();
    expect(plain(screen.getByText('Training in all').nextElementSibling?.textContent)).toBe('10 s');
    const most = screen.getByRole('list');
    expect(within(most).getAllByRole('button')).toHaveLength(5);
  });

  test('says that nothing was measured on what the way of combining learned from, or that it may have been', () => {
    const origin = {
      kind: 'combined',
      way: 'stacking',
      values: {},
      parents: [],
      seconds: 1,
      result: {} as never,
    } as const;
    const both = { nodes: projectOf([modelNode({ id: 'b', origin })]).nodes, order: ['b'] };
    const of = (learned: ExamineResult['learned'], fitted = {}) => ({
      known: {
        [key('examine', { model: 'b', dataset: 'digits', split: 'validation', ...fitted })]: { ...result, learned },
      },
    });
    show();
    act(() => {
      project.setState(both);
      evaluate.setState(of('held-out', { fitted: ['b'] }));
    });
    expect(screen.getByText(/each part is answered by what was learned from the other four/)).toBeTruthy();
    act(() => {
      project.setState({
        nodes: projectOf([modelNode({ id: 'b', origin: { kind: 'opened', file: 'b.zip', format: 'tfjs-layers' } })])
          .nodes,
      });
      evaluate.setState(of('elsewhere'));
    });
    expect(screen.getByText(/may come from these very images/)).toBeTruthy();
  });

  test('asks before it looks at test images', async () => {
    const person = userEvent.setup();
    show();
    await person.selectOptions(screen.getByLabelText('Images'), 'Test');
    expect(screen.queryByRole('tab')).toBeNull();
    await person.click(screen.getByRole('button', { name: 'Look at them' }));
    expect(evaluate.getState().allowed).toHaveLength(1);
  });

  test('has a row for every class and its means', async () => {
    show({ view: 'classes' });
    const table = screen.getByRole('table', { name: 'Each class by itself' });
    expect(within(table).getAllByRole('row')).toHaveLength(14);
    const mean = within(table).getByRole('row', { name: /^Macro/ });
    expect(Number(mean.querySelector('[data-value]')?.getAttribute('data-value'))).toBeCloseTo(
      result.scores.macro.precision,
      12,
    );
  });

  test('says how sure the model is of itself', () => {
    show({ view: 'confidence' });
    // It says e^3 / (e^3 + 9) and is right in three of four.
    expect(plain(document.body.textContent)).toContain(
      'On average it says 69.1 % and is right in 75.0 %: it could be surer.',
    );
    expect(document.querySelectorAll('[data-figure] [data-value]')).toHaveLength(4);
  });

  test('compares in words, in a table, and by images', async () => {
    const person = userEvent.setup();
    show({ view: 'compare' });
    expect(plain(document.body.textContent)).toContain(
      'A (Model b) gets 7.50 points fewer of the images right than B (Model a).',
    );
    expect(plain(document.body.textContent)).toContain('as much or more in 38 % of such comparisons');
    const table = screen.getByRole('table', { name: 'Images by who gets them right' });
    expect([...table.querySelectorAll('[data-kind]')].map((one) => (one as HTMLElement).dataset['value'])).toEqual([
      '29',
      '1',
      '4',
      '6',
    ]);
    await person.click(screen.getByRole('button', { name: /^Only B right/ }));
    expect(screen.getAllByRole('listitem')).toHaveLength(4);
    await person.click(screen.getByRole('button', { name: /^Both wrong/ }));
    expect(screen.getByText('No image of this kind.')).toBeTruthy();
  });

  test('has words for a model that was never trained, and for a page without models', () => {
    const fresh = modelNode({
      id: 'n',
      origin: { kind: 'template', architecture: { name: 'x', input: [8, 8, 1], classes: 10, rows: [] }, seed: 1 },
    });
    project.setState({ ...projectOf([fresh]), selected: 'n' });
    const { unmount } = render(
      <Dress>
        <EvaluateTab />
      </Dress>,
    );
    expect(screen.getByRole('button', { name: 'Train it' })).toBeTruthy();
    unmount();
    project.setState({ nodes: {}, order: [], selected: null });
    render(
      <Dress>
        <EvaluateTab />
      </Dress>,
    );
    expect(screen.getByText('There is no model to look at yet.')).toBeTruthy();
  });
});

test('small shares keep a digit, the smallest are said to be less', () => {
  const percent = (share: number, digits: number) => `${(share * 100).toFixed(digits)} %`;
  expect([0.0004, 0.012, 0.34, 1].map((share) => smallShare(share, percent))).toEqual([
    '< 0.1 %',
    '1.2 %',
    '34 %',
    '100 %',
  ]);
});
