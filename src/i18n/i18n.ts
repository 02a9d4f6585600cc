/**
 * The languages of the page: i18next with both languages in the bundle, so switching needs no network and the first
 * drawing is already in the right one. Keys are checked by the compiler; passes and formats bring their own words.
 */
import { createInstance, type i18n as I18n } from 'i18next';
import { en } from '#i18n/en';
import { zh } from '#i18n/zh';

export type Language = 'en' | 'zh';
/** What `<html lang>` says for each. */
export const HTML_LANG: Readonly<Record<Language, string>> = { en: 'en', zh: 'zh-Hans' };

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: typeof en };
  }
}

/** A ready instance speaking `language`. */
export function makeI18n(language: Language): I18n {
  const instance = createInstance();
  void instance.init({
    lng: language,
    fallbackLng: 'en',
    supportedLngs: ['en', 'zh'],
    resources: { en: { translation: en }, zh: { translation: zh } },
    // React escapes what it draws.
    interpolation: { escapeValue: false },
    initAsync: false,
  });
  return instance;
}
