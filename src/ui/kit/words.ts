/** Words in the reader's language: the page's own texts, texts that passes and faults bring, and numbers. */
import { useCallback, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { unit as en } from '#i18n/en/unit';
import type { Language } from '#i18n/i18n';
import { unit as zh } from '#i18n/zh/unit';
import { type Format, makeFormat } from '#ui/kit/format.ts';

/** The page's texts: `t('train.epochs')`. */
export function useText() {
  return useTranslation().t;
}

export function useLanguage(): Language {
  return useTranslation().i18n.language === 'zh' ? 'zh' : 'en';
}

/** Picks from words that come in both languages. */
export function useWords(): (words: Readonly<Record<Language, string>>) => string {
  const language = useLanguage();
  return useCallback((words) => words[language], [language]);
}

const formats: Record<Language, Format> = { en: makeFormat('en', en), zh: makeFormat('zh', zh) };

export function useFormat(): Format {
  const language = useLanguage();
  return useMemo(() => formats[language], [language]);
}
