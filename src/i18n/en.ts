/** Every string of the page in English, a section for each part of it. The Chinese texts have the same keys. */
import { build } from '#i18n/en/build';
import { combine } from '#i18n/en/combine';
import { data } from '#i18n/en/data';
import { evaluate } from '#i18n/en/evaluate';
import { frame } from '#i18n/en/frame';
import { glossary } from '#i18n/en/glossary';
import { inspect } from '#i18n/en/inspect';
import { models } from '#i18n/en/models';
import { optimize } from '#i18n/en/optimize';
import { recipe } from '#i18n/en/recipe';
import { search } from '#i18n/en/search';
import { sensitivity } from '#i18n/en/sensitivity';
import { train } from '#i18n/en/train';
import { transfer } from '#i18n/en/transfer';
import { unit } from '#i18n/en/unit';

export const en = {
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
/** The shape that every language has. */
export type Texts = typeof en;
