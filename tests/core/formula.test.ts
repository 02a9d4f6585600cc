/**
 * The promises that every formula keeps, whatever is chosen: symbols alone in one text for all languages, and words in each language. What counts as a
 * symbol although it is written in letters stands here as a list.
 */
import { describe, expect, it } from 'vitest';
import { ENSEMBLES } from '#core/ensembles/index';
import { type Formula, lines } from '#core/formula';
import { defaultsOf, type Param, type Params, type Values } from '#core/params';
import { PASSES } from '#core/passes/index';

/** Names of functions and of symbols, the same in every language; single letters are symbols anyway. */
const NAMES = new Set([
  ...['min', 'max', 'mean', 'std', 'cov', 'corr', 'round', 'clamp', 'sign', 'log', 'ln', 'cos', 'tanh'],
  ...['softmax', 'argmin', 'argmax', 'KL', 'CE', 'PReLU', 'APoZ', 'LAMP', 'logits'],
]);
/** "Subject to", as textbooks in both languages write it. */
const SUBJECT_TO = /\bs\.t\./g;

const wordsIn = (text: string): readonly string[] =>
  (text.replace(SUBJECT_TO, '').match(/[A-Za-z]{2,}/g) ?? []).filter((word) => !NAMES.has(word));
const numbersIn = (text: string): readonly string[] => (text.match(/\d+(\.\d+)?/g) ?? []).toSorted();

function check(formula: Formula): void {
  const texts = typeof formula === 'string' ? [formula] : [formula.en, formula.zh];
  for (const text of texts) {
    expect(text).not.toMatch(/undefined|NaN|null|\[object|e-\d/);
    for (const line of text.split('\n')) expect(line.trim()).not.toBe('');
  }
  if (typeof formula === 'string') {
    expect(wordsIn(formula)).toEqual([]);
    expect(formula).not.toMatch(/\p{Script=Han}/u);
    return;
  }
  const { en, zh } = formula;
  expect(en).not.toMatch(/\p{Script=Han}/u);
  expect(wordsIn(en)).not.toEqual([]);
  expect(zh).toMatch(/\p{Script=Han}/u);
  expect(wordsIn(zh)).toEqual([]);
  expect(zh.split('\n')).toHaveLength(en.split('\n').length);
  expect(numbersIn(zh)).toEqual(numbersIn(en));
}

/** What a parameter may be set to, beside its default. */
function othersOf(param: Param): readonly Values[string][] {
  switch (param.kind) {
    case 'choice':
      return param.options.map(({ value }) => value).filter((value) => value !== param.default);
    case 'flag':
      return [!param.default];
    case 'number':
      return [param.min, param.max];
    case 'layers':
    case 'predictor':
    case 'classGroups':
      return [];
    default:
      throw param satisfies never;
  }
}

/** The defaults, and every one and every two parameters set to something else. */
function* settingsOf(params: Params): Generator<Values> {
  const defaults = defaultsOf(params) as Values;
  const changes = Object.entries(params).flatMap(([key, param]) =>
    othersOf(param).map((value) => [key, value] as const),
  );
  yield defaults;
  for (const [i, [key, value]] of changes.entries()) {
    yield { ...defaults, [key]: value };
    for (const [other, second] of changes.slice(0, i))
      if (other !== key) yield { ...defaults, [key]: value, [other]: second };
  }
}

describe.each([...PASSES, ...ENSEMBLES].map((method) => [method.id, method] as const))(
  'the formula of %s',
  (_id, method) => {
    it('says in each language what is no symbol, with the same numbers', () => {
      for (const values of settingsOf(method.params as Params)) check(method.formula(values));
    });
  },
);

describe('lines', () => {
  it('are one text as long as all of them are, else one in each language', () => {
    expect(lines('a = b', 'c = d')).toBe('a = b\nc = d');
    expect(lines('a = b', { en: 'c: a number', zh: 'c 为一个数' })).toEqual({
      en: 'a = b\nc: a number',
      zh: 'a = b\nc 为一个数',
    });
  });

  it('tell words from symbols', () => {
    expect(wordsIn('w′ = s · clamp(round(w / s), −7, 7), xᵢ, w_g, s.t. p[y] ∈ {2, 3}')).toEqual([]);
    expect(wordsIn('w′ = 0 if s ≤ Q(0.5), else w')).toEqual(['if', 'else']);
  });
});
