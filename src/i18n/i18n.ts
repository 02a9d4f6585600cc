/**
 * The languages of the page. English, which stands in for whatever is missing, comes with the page; others are fetched
 * before the first drawing where they are the person's, else when they are chosen. Keys are checked by the compiler;
 * passes and formats bring their own words.
 */
import { createInstance, type i18n as I18n } from 'i18next';
import { en, type Texts } from '#i18n/en';

export type Language = 'en' | 'zh';
/** What `<html lang>` says for each. */
export const HTML_LANG: Readonly<Record<Language, string>> = { en: 'en', zh: 'zh-Hans' };

const texts: { [L in Language]?: Texts } = { en };
const fetched: Readonly<Record<Exclude<Language, 'en'>, () => Promise<Texts>>> = {
  zh: async () => (await import('#i18n/zh')).zh,
};

/** Whether `makeI18n` can speak it. */
export function hasTexts(language: Language): boolean {
  return texts[language] !== undefined;
}

/** Fetches a language's texts. Without a network it stays absent, and English is spoken. */
export async function fetchTexts(language: Language): Promise<void> {
  if (language === 'en' || texts[language]) return;
  const found = await fetched[language]().catch(() => undefined);
  if (found) texts[language] = found;
}

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: typeof en };
  }
}

/** A ready instance speaking `language`, or English where its texts were not fetched. */
export function makeI18n(language: Language): I18n {
  const instance = createInstance();
  void instance.init({
    lng: hasTexts(language) ? language : 'en',
    fallbackLng: 'en',
    supportedLngs: ['en', 'zh'],
    resources: Object.fromEntries(Object.entries(texts).map(([spoken, translation]) => [spoken, { translation }])),
    // React escapes what it draws.
    interpolation: { escapeValue: false },
    initAsync: false,
  });
  return instance;
}
