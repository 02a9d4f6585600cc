/** How candidates are found and judged: strategy, folds, seeds, and what a model may cost. */

import { passById } from '#core/passes/index';
import { leastBudget } from '#core/search/halving';
import type { Limit } from '#core/search/plan';
import { halvingStep, setDraft } from '#stores/search-setup';
import type { SearchDraft } from '#stores/search-state';
import { NumberField, SelectField } from '#ui/kit/Fields.tsx';
import { Fields, Help, More, Section } from '#ui/kit/Layout.tsx';
import { useText, useWords } from '#ui/kit/words.ts';

const FOLDS = [0, 3, 5, 10] as const;
const COSTS = ['parameters', 'macs', 'bytes'] as const;
const FIRST_LIMIT: Readonly<Record<Limit['by'], number>> = { parameters: 20_000, macs: 200_000, bytes: 80_000 };

interface JudgingProps {
  readonly mode: 'network' | 'recipe';
  readonly draft: SearchDraft;
}

export function Judging({ mode, draft }: JudgingProps) {
  const t = useText();
  const words = useWords();
  const set = (patch: Partial<SearchDraft>) => setDraft(mode, patch);
  const { trials, budget, eta, folds, seeds, seed, limit } = draft;
  const anew = mode === 'recipe' ? halvingStep(draft.steps) : null;
  const canHalve = mode === 'network' || anew !== null;
  const method = anew && passById(draft.steps[anew.step]?.pass ?? '')?.words.title;
  const strategy = draft.strategy === 'halving' && !canHalve ? 'random' : draft.strategy;
  const least = leastBudget(trials, eta);
  return (
    <Section heading={t('search.how')}>
      <SelectField
        label={t('search.strategy')}
        help={t(`search.strategyHelp.${strategy}`)}
        value={strategy}
        choices={(['grid', 'random', 'halving'] as const).map((id) => ({
          value: id,
          label: t(`search.strategies.${id}`),
          disabled: id === 'halving' && !canHalve,
        }))}
        onChange={(id) => set({ strategy: id as SearchDraft['strategy'] })}
      />
      {!canHalve && <Help>{t('search.halvingNot')}</Help>}
      {strategy === 'halving' && method && <Help>{t('search.halvingAnew', { method: words(method) })}</Help>}
      <Fields>
        {strategy !== 'grid' && (
          <NumberField
            label={t('search.trials')}
            value={trials}
            min={1}
            max={500}
            onChange={(next) => set({ trials: next, budget: Math.max(budget, leastBudget(next, eta)) })}
          />
        )}
        {strategy === 'halving' && (
          <>
            <NumberField
              label={t('search.budget')}
              help={t('search.budgetHelp', { least })}
              value={Math.max(budget, least)}
              min={least}
              max={100_000}
              onChange={(next) => set({ budget: next })}
            />
            <NumberField
              label={t('search.eta')}
              value={eta}
              min={2}
              max={8}
              onChange={(next) => set({ eta: next, budget: Math.max(budget, leastBudget(trials, next)) })}
            />
          </>
        )}
        <NumberField
          label={t('search.seeds')}
          help={t('search.seedsHelp')}
          value={seeds}
          min={1}
          max={20}
          onChange={(next) => set({ seeds: next })}
        />
      </Fields>
      {mode === 'network' ? (
        <SelectField
          label={t('search.folds')}
          help={t('search.foldsHelp')}
          value={String(folds)}
          choices={FOLDS.map((count) => ({
            value: String(count),
            label: count === 0 ? t('search.foldChoices.validation') : t('search.foldChoices.folds', { count }),
          }))}
          onChange={(next) => set({ folds: Number(next) })}
        />
      ) : (
        <Help>{t('search.foldsNot')}</Help>
      )}
      <More summary={t('train.more')}>
        <Fields>
          <SelectField
            label={t('search.limit')}
            value={limit?.by ?? 'none'}
            choices={(['none', ...COSTS] as const).map((id) => ({ value: id, label: t(`search.limits.${id}`) }))}
            onChange={(by) => set({ limit: by === 'none' ? null : limitOf(by as Limit['by']) })}
          />
          {limit && (
            <NumberField
              label={t('search.most')}
              value={limit.most}
              min={1}
              max={1e12}
              onChange={(most) => set({ limit: { ...limit, most } })}
            />
          )}
          <NumberField
            label={t('search.drawSeed')}
            value={seed}
            min={0}
            max={4294967295}
            onChange={(next) => set({ seed: next })}
          />
        </Fields>
      </More>
    </Section>
  );
}

const limitOf = (by: Limit['by']): Limit => ({ by, most: FIRST_LIMIT[by] });
