import { describe, expect, it } from 'vitest';
import { halvingCost, halvingRounds, leastBudget } from '#core/search/halving';

describe('successive halving', () => {
  it('gives each round the same share of the budget (Jamieson and Talwalkar 2016, by hand)', () => {
    // 8 candidates, 96 epochs: 3 rounds of 32; 32 / 8 = 4, 32 / 4 = 8, 32 / 2 = 16 more for each that is left.
    const rounds = halvingRounds(8, 96);
    expect(rounds).toEqual([
      { candidates: 8, epochs: 4 },
      { candidates: 4, epochs: 12 },
      { candidates: 2, epochs: 28 },
    ]);
    expect(halvingCost(rounds)).toBe(96);
  });

  it('rounds down: of 5 two go on, then one', () => {
    // ceil(log2 5) = 3 rounds of 10: floor(10 / 5) = 2, floor(30 / (2 * 3)) = 5, floor(30 / (1 * 3)) = 10.
    expect(halvingRounds(5, 30)).toEqual([
      { candidates: 5, epochs: 2 },
      { candidates: 2, epochs: 7 },
      { candidates: 1, epochs: 17 },
    ]);
  });

  it('keeps one in eta, and counts rounds exactly at powers of it', () => {
    expect(halvingRounds(9, 36, 3)).toEqual([
      { candidates: 9, epochs: 2 },
      { candidates: 3, epochs: 8 },
    ]);
    // Math.log(243) / Math.log(3) is 4.999…: five rounds all the same.
    expect(halvingRounds(243, 2430, 3)).toHaveLength(5);
  });

  it('gives each round its share anew where nothing can go on, as long as that is more than before', () => {
    // 8 candidates, 96 epochs: 32 / 8 = 4 for each, then 32 / 4 = 8, then 32 / 2 = 16, all from the beginning.
    const rounds = halvingRounds(8, 96, 2, { most: 50 });
    expect(rounds.map(({ candidates, epochs }) => [candidates, epochs])).toEqual([
      [8, 4],
      [4, 8],
      [2, 16],
    ]);
    expect(halvingCost(rounds, { most: 50 })).toBe(96);
    // At most 8: the third round could only do the second again.
    expect(halvingRounds(8, 96, 2, { most: 8 })).toHaveLength(2);
    expect(halvingRounds(4, 1, 2, { most: 50 }).map(({ epochs }) => epochs)).toEqual([1]);
  });

  it('has one round for one candidate, and an epoch in each however small the budget', () => {
    expect(halvingRounds(1, 7)).toEqual([{ candidates: 1, epochs: 7 }]);
    expect(halvingRounds(4, 1).map(({ epochs }) => epochs)).toEqual([1, 2]);
    expect(leastBudget(8)).toBe(24);
  });
});
