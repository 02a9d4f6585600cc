import { render, screen } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import { view } from '#stores/view';
import { Dress } from '#ui/App.tsx';
import { thinned } from '#ui/combine/CascadeChart.tsx';
import { barsOf } from '#ui/combine/MemberBars.tsx';
import { likenessOf, PairTable, pairsOf, warmth } from '#ui/combine/PairTable.tsx';
import { bestOf } from '#ui/combine/TogetherBox.tsx';
import { WayPicture } from '#ui/combine/WayPicture.tsx';
import { paramsFor } from '#ui/combine/WaysView.tsx';
import { fitted, inPicture, shapeOf, thickness, toldApart } from '#ui/combine/way-shapes.ts';

const plain = (text: string | null | undefined) => text?.replaceAll('\u00a0', ' ') ?? '';

describe('the picture of a way', () => {
  test('has room for four members; a fifth makes the last place a count', () => {
    expect(inPicture([1, 2, 3, 4])).toEqual({ shown: [1, 2, 3, 4], more: 0 });
    expect(inPicture([1, 2, 3, 4, 5])).toEqual({ shown: [1, 2, 3], more: 2 });
  });

  test('shortens a name to its beginning and what was done last', () => {
    expect(fitted('Small CNN', 21)).toBe('Small CNN');
    expect(fitted('Small residual network, 90 % sparsity', 25)).toBe('Small resi… 90 % sparsity');
    expect(fitted('A name without any comma that is long', 10)).toBe('A name wi…');
    // A Chinese character takes the room of two letters.
    expect(fitted('决策树决策树', 10)).toBe('决策树决…');
  });

  test('leaves out of names what several share', () => {
    expect(toldApart(['Small CNN, bagged 1', 'Small CNN, bagged 2', 'LeNet-5'])).toEqual([
      'bagged 1',
      'bagged 2',
      'LeNet-5',
    ]);
    expect(toldApart(['Small CNN', 'Small CNN, 90 % sparsity'])).toEqual(['Small CNN', '90 % sparsity']);
    expect(toldApart(['Small CNN, 8 bits'])).toEqual(['Small CNN, 8 bits']);
    // Not where two would be called the same.
    expect(toldApart(['A, x', 'A, y', 'B, x', 'B, y'])).toEqual(['A, x', 'A, y', 'B, x', 'B, y']);
  });

  test('draws thicker what carries more, and never nothing', () => {
    expect([thickness(null), thickness(0), thickness(0.5), thickness(1)]).toEqual([1.5, 0.75, 3, 5]);
    expect(shapeOf('cascade')).toBe('cascade');
    expect(shapeOf('one that is to come')).toBe('mean');
  });

  test('of a cascade says where images stop', () => {
    view.setState({ language: 'en' });
    render(
      <Dress>
        <WayPicture
          shape="cascade"
          threshold={0.9}
          members={[
            { id: 'a', name: 'Small', weight: null, used: 1 },
            { id: 'b', name: 'Large', weight: null, used: 0.2 },
          ]}
        />
      </Dress>,
    );
    const said = plain(screen.getByRole('img', { name: /first of 2 members/ }).textContent);
    expect(said).toContain('80 %');
    expect(said).toContain('not sure, 20 %');
    expect(said).toContain('sure: ≥ 90 %');
    expect(said).toContain('always answers');
  });
});

describe('pairs of members', () => {
  const pairs = {
    disagreement: [
      [0, 0.02, 0.1],
      [0.02, 0, 0.05],
      [0.1, 0.05, 0],
    ],
    q: [
      [1, 0.99, null],
      [0.99, 1, -0.5],
      [null, -0.5, 1],
    ],
  };

  test('come once each', () => {
    expect(pairsOf(pairs).map(({ first, second, q }) => [first, second, q])).toEqual([
      [0, 1, 0.99],
      [0, 2, null],
      [1, 2, -0.5],
    ]);
  });

  test('are told in words', () => {
    expect([0.99, 0.5, 0, -0.5, null, Number.NaN].map(likenessOf)).toEqual([
      'same',
      'together',
      'independent',
      'apart',
      'undefined',
      'undefined',
    ]);
    expect(warmth(0.05, 0.1)).toBe(0.5);
    // Where nobody differs much no cell glows.
    expect(warmth(0.005, 0.005)).toBe(0.25);
  });

  test('stand in a table, the most and the least different in sentences', () => {
    view.setState({ language: 'en' });
    render(
      <Dress>
        <PairTable names={['A', 'B', 'C']} pairs={pairs} />
      </Dress>,
    );
    const cells = [...document.querySelectorAll<HTMLElement>('td[data-value]')];
    expect(cells.map((cell) => plain(cell.textContent))).toEqual(['2.0 %Q 0.99', '10 %Q –', '5.0 %Q -0.50']);
    const said = plain(document.body.textContent);
    expect(said).toContain('Most different. A and C: on 10 % of the images');
    expect(said).toContain(
      'Most alike. A and B: on 2.0 % of the images exactly one of them is right; otherwise they err on the same images.',
    );
  });
});

describe('small figures', () => {
  test('bars show weights, or shares of images where members are asked in turn, or nothing', () => {
    const member = (weight: number | null, used: number) => ({ id: 'm', name: 'M', weight, used });
    expect(barsOf([member(0.5, 1), member(0.5, 1)])).toBe('weight');
    expect(barsOf([member(null, 1), member(null, 0.3)])).toBe('used');
    expect(barsOf([member(null, 1), member(null, 1)])).toBeNull();
  });

  test('the first of the best', () => {
    expect([bestOf([]), bestOf([1, 3, 3, 2])]).toEqual([-1, 1]);
  });

  test('a curve keeps the ends of a stretch in which nothing changes', () => {
    const at = (value: number, macs: number, accuracy: number) => ({ value, macs, accuracy });
    expect(
      thinned([at(0, 1, 0.9), at(0.1, 1, 0.9), at(0.2, 1, 0.9), at(1, 5, 0.95)]).map(({ value }) => value),
    ).toEqual([0, 0.2, 1]);
  });

  test('a slider a member carries its name', () => {
    const slider = { kind: 'number', min: 0, max: 1, step: 0.01, default: 1, label: { en: '', zh: '' } } as const;
    const params = paramsFor(
      { weight1: slider, weight2: slider, weight3: slider, other: slider },
      [{ name: 'A' }, { name: 'B' }],
      (name) => `W ${name}`,
    );
    expect(Object.entries(params).map(([key, { label }]) => [key, label.en])).toEqual([
      ['weight1', 'W A'],
      ['weight2', 'W B'],
      ['other', ''],
    ]);
  });
});
