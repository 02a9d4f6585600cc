import { describe, expect, test } from 'vitest';
import { placeLabels, spreadOut } from '#ui/models/labels.ts';
import fc from '../../properties';

const area = { left: 0, top: 0, right: 400, bottom: 300 };
const size = 12;

describe('places too near each other', () => {
  test('stand apart evenly around their middle, and others stay', () => {
    expect(spreadOut([100, 100, 300], 10)).toEqual([95, 105, 300]);
    expect(spreadOut([104, 300, 100, 102], 10)).toEqual([112, 300, 92, 102]);
    expect(spreadOut([], 10)).toEqual([]);
  });

  test('push those that they come to touch', () => {
    // 0 and 0 would stand at -5 and 5, the third one at 12: nearer than 10.
    expect(spreadOut([0, 0, 12], 10)).toEqual([-6, 4, 14]);
  });

  test('keep their order and their distance, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 20 }), (places) => {
        const spread = spreadOut(places, 7);
        const order = [...places.keys()].sort((a, b) => (places[a] as number) - (places[b] as number) || a - b);
        const sorted = order.map((i) => spread[i] as number);
        for (let i = 1; i < sorted.length; i++)
          expect((sorted[i] as number) - (sorted[i - 1] as number)).toBeGreaterThan(7 - 1e-9);
      }),
    );
  });
});

describe('names beside points', () => {
  test('a lone point has its name above to the right', () => {
    const [label] = placeLabels([{ id: 'a', text: 'A', width: 20, x: 100, y: 100 }], [], area, size, 10);
    expect(label).toMatchObject({ id: 'a', left: 107.5 });
    expect(label?.baseline).toBeLessThan(100);
  });

  test('at the right edge the name goes to the left', () => {
    const [label] = placeLabels([{ id: 'a', text: 'A', width: 60, x: 390, y: 100 }], [], area, size, 10);
    expect((label?.left ?? 400) + 60).toBeLessThanOrEqual(390);
  });

  test('names never overlap, never leave the area, never cover an obstacle', () => {
    const point = fc.record({
      x: fc.integer({ min: 0, max: 400 }),
      y: fc.integer({ min: 0, max: 300 }),
      width: fc.integer({ min: 10, max: 120 }),
    });
    fc.assert(
      fc.property(fc.array(point, { maxLength: 20 }), (points) => {
        const obstacles = points.map(({ x, y }) => ({ left: x - 5, right: x + 5, top: y - 5, bottom: y + 5 }));
        const wishes = points.map((wish, index) => ({ id: String(index), text: 'x', ...wish }));
        const boxes = placeLabels(wishes, obstacles, area, size, 8).map(({ left, baseline, width }) => {
          const bottom = baseline + size * 0.18;
          return { left, right: left + width, top: bottom - size, bottom };
        });
        const apart = (a: typeof area, b: typeof area) =>
          a.right <= b.left + 1e-9 || b.right <= a.left + 1e-9 || a.bottom <= b.top + 1e-9 || b.bottom <= a.top + 1e-9;
        boxes.forEach((box, index) => {
          expect(box.left >= 0 && box.top >= -1e-9 && box.right <= 400 && box.bottom <= 300 + 1e-9).toBe(true);
          for (const other of [...boxes.slice(index + 1), ...obstacles]) expect(apart(box, other)).toBe(true);
        });
      }),
    );
  });
});
