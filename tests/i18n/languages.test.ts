/** Both languages say the same things: the compiler checks the keys, this checks what is in them. */
import { describe, expect, test } from 'vitest';
import { en } from '#i18n/en';
import { fetchTexts, hasTexts, makeI18n } from '#i18n/i18n';
import { zh } from '#i18n/zh';

type Tree = { readonly [key: string]: string | Tree };

function leaves(tree: Tree, path = ''): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    const at = path ? `${path}.${key}` : key;
    if (typeof value === 'string') found.set(at, value);
    else for (const [inner, text] of leaves(value, at)) found.set(inner, text);
  }
  return found;
}
const placeholders = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name).sort();

/** What is written the same in both languages: names, units, symbols. */
const same =
  /^(frame\.(name|backends\.(webgpu|wasm|webgl))|.*macs|.*\.MACs|unit\..*|train\.optimizers\.(sgd|adam)|build\.row|build\.kinds\.dropout|build\.activations\.(sigmoid|tanh|relu|leakyRelu|prelu))$/i;

describe('the languages', () => {
  const english = leaves(en);
  const chinese = leaves(zh);

  test('have the same keys', () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
  });

  test('leave nothing empty, and fill in the same things', () => {
    for (const [key, text] of english) {
      const other = chinese.get(key) ?? '';
      expect(text.trim(), key).not.toBe('');
      expect(other.trim(), key).not.toBe('');
      expect(placeholders(other), key).toEqual(placeholders(text));
    }
  });

  test('are both there: Chinese texts are Chinese', () => {
    const left = [...english].filter(([key, text]) => chinese.get(key) === text && !same.test(key)).map(([key]) => key);
    expect(left).toEqual([]);
  });

  test('other than English are fetched, and until then English is spoken', async () => {
    expect([hasTexts('en'), hasTexts('zh')]).toEqual([true, false]);
    expect(makeI18n('zh').language).toBe('en');
    await fetchTexts('zh');
    expect(hasTexts('zh')).toBe(true);
    expect(makeI18n('zh').t('frame.tabs.data')).toBe(zh.frame.tabs.data);
  });

  test('count in words', async () => {
    await fetchTexts('zh');
    const t = makeI18n('en').t;
    expect(t('models.summary', { count: 1, best: 'A', accuracy: '99 %' })).toBe(
      'One model measured. Best: A with 99 %.',
    );
    expect(t('models.summary', { count: 3, best: 'A', accuracy: '99 %' })).toContain('3 models');
    expect(makeI18n('zh').t('models.summary', { count: 3, best: 'A', accuracy: '99 %' })).toContain('3 个模型');
  });
});
