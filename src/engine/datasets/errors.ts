/** Why a data set could not be had: `code` is stable, the texts are for people. */
import type { Words } from '#core/params';

export class DatasetError extends Error {
  readonly code: 'fetch' | 'gzip' | 'idx' | 'csv';
  /** File at fault, relative to the page. */
  readonly file: string;
  readonly words: Words;
  readonly hint: Words;
  constructor(code: DatasetError['code'], file: string, words: Words, hint: Words = reloadHint) {
    super(`${file}: ${words.en}`);
    this.name = 'DatasetError';
    this.code = code;
    this.file = file;
    this.words = words;
    this.hint = hint;
  }
}

const reloadHint: Words = {
  en: 'The copy on this server or in this browser is damaged: reload the page, or build the studio again.',
  zh: '服务器或浏览器中的副本已损坏：请重新加载页面，或重新构建本应用。',
};
export const offlineHint: Words = {
  en: 'The data sets lie on the same server as the page: check the connection and try again.',
  zh: '数据集与页面位于同一服务器：请检查网络连接后重试。',
};
