/**
 * What a method computes, with the numbers as they stand: plain text with Unicode mathematics, one or a few lines. Where it holds nothing but symbols, numbers
 * and names of functions (max, softmax, KL) it is one text for all languages; where it says more in words, it says it in each.
 */
import type { Words } from '#core/params';

export type Formula = string | Words;

/** Formulae one below the other. */
export function lines(...parts: readonly Formula[]): Formula {
  if (parts.every((part) => typeof part === 'string')) return parts.join('\n');
  const all = (language: keyof Words): string =>
    parts.map((part) => (typeof part === 'string' ? part : part[language])).join('\n');
  return { en: all('en'), zh: all('zh') };
}
