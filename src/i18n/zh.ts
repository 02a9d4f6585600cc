/** Every string of the page in Simplified Chinese: the same keys as in English, which the compiler checks. */
import type { Texts } from '#i18n/en';
import { build } from '#i18n/zh/build';
import { combine } from '#i18n/zh/combine';
import { data } from '#i18n/zh/data';
import { evaluate } from '#i18n/zh/evaluate';
import { frame } from '#i18n/zh/frame';
import { glossary } from '#i18n/zh/glossary';
import { inspect } from '#i18n/zh/inspect';
import { models } from '#i18n/zh/models';
import { optimize } from '#i18n/zh/optimize';
import { recipe } from '#i18n/zh/recipe';
import { search } from '#i18n/zh/search';
import { sensitivity } from '#i18n/zh/sensitivity';
import { train } from '#i18n/zh/train';
import { transfer } from '#i18n/zh/transfer';
import { unit } from '#i18n/zh/unit';

export const zh: Texts = {
  frame,
  data,
  build,
  train,
  optimize,
  recipe,
  sensitivity,
  inspect,
  combine,
  evaluate,
  search,
  glossary,
  transfer,
  models,
  unit,
};
