/** Choosing members of an ensemble and how they are combined, within a budget; and what was found, beside the best alone. */
import { Button, Checkbox } from '@mantine/core';
import { useStore } from 'zustand';
import type { Choice, ChoiceBudget, RuleId } from '#core/search/members';
import { combine } from '#stores/combine';
import { datasets } from '#stores/datasets';
import { choosable, chooseNow, combineChoice, setChoosing, stopChoosing } from '#stores/members';
import { project } from '#stores/project';
import { search } from '#stores/search-setup';
import type { MembersState } from '#stores/search-state';
import { Notice, ProgressLine } from '#ui/kit/Feedback.tsx';
import { FlagField, NumberField, SelectField } from '#ui/kit/Fields.tsx';
import { StopIcon } from '#ui/kit/icons.tsx';
import { Actions, Fields, Help, Section } from '#ui/kit/Layout.tsx';
import { whenNumbersFit } from '#ui/kit/numbers-fit.ts';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import styles from '#ui/search/search.module.css';

const RULES: readonly RuleId[] = [
  'selected-weights',
  'mean-probabilities',
  'mean-logits',
  'accuracy-weights',
  'learned-weights',
  'stacking',
  'majority-vote',
  'cascade',
];

export function MembersView() {
  const t = useText();
  const words = useWords();
  const members = useStore(search, (state) => state.members);
  useStore(project, (state) => state.order);
  useStore(datasets, (state) => state.selected);
  const { without, rules, running, found, fault } = members;
  const pool = choosable();
  const chosen = pool.filter(({ id }) => !without.includes(id));
  return (
    <>
      <Help>{t('search.intros.members')}</Help>
      {pool.length < 2 ? (
        <Notice level="info" text={t('search.poolEmpty')} />
      ) : (
        <>
          <Pool members={members} />
          <Section heading={t('search.rules')}>
            <fieldset className={styles.pool} aria-label={t('search.rules')}>
              {RULES.map((rule) => (
                <Checkbox
                  key={rule}
                  size="xs"
                  label={t(`search.rule.${rule}`)}
                  checked={rules.includes(rule)}
                  disabled={running !== null}
                  onChange={(event) => {
                    const isOn = event.currentTarget.checked;
                    setChoosing({ rules: RULES.filter((one) => (one === rule ? isOn : rules.includes(one))) });
                  }}
                />
              ))}
            </fieldset>
          </Section>
          <Budget members={members} />
          <Section>
            {running === null ? (
              <Actions>
                <Button
                  disabled={chosen.length < 2 || rules.length === 0}
                  onClick={whenNumbersFit(() => void chooseNow())}
                >
                  {t('search.chooseMembers')}
                </Button>
              </Actions>
            ) : (
              <>
                <ProgressLine label={t('search.choosing')} done={running} />
                <Actions>
                  <Button variant="default" leftSection={<StopIcon size={16} />} onClick={stopChoosing}>
                    {t('search.stop')}
                  </Button>
                </Actions>
              </>
            )}
            <Help>{t('search.choosingHelp')}</Help>
            {fault && <Notice level="error" text={words(fault.words)} hint={fault.hint && words(fault.hint)} />}
          </Section>
        </>
      )}
      {found && <Found found={found} />}
    </>
  );
}

function Pool({ members: { without, running } }: { members: MembersState }) {
  const t = useText();
  const format = useFormat();
  return (
    <Section heading={t('search.pool')}>
      <fieldset className={styles.pool} aria-label={t('search.pool')}>
        {choosable().map(({ id, name, validation, summary }) => (
          <FlagField
            key={id}
            label={name}
            help={`${validation ? format.percent(validation.value) : '–'} · ${format.short(summary.macs)} ${t('unit.macs')} · ${format.bytes(summary.bytes)}`}
            value={!without.includes(id)}
            disabled={running !== null}
            onChange={(isIn) => setChoosing({ without: isIn ? without.filter((one) => one !== id) : [...without, id] })}
          />
        ))}
      </fieldset>
    </Section>
  );
}

function Budget({ members: { budget, running } }: { members: MembersState }) {
  const t = useText();
  const begin = (by: ChoiceBudget['by']): ChoiceBudget => ({
    by,
    most: choosable().reduce((sum, { summary }) => sum + summary[by], 0),
  });
  return (
    <Fields>
      <SelectField
        label={t('search.memberBudget')}
        value={budget?.by ?? 'none'}
        disabled={running !== null}
        choices={(['none', 'macs', 'bytes'] as const).map((id) => ({
          value: id,
          label: t(`search.memberBudgets.${id}`),
        }))}
        onChange={(by) => setChoosing({ budget: by === 'none' ? null : begin(by as ChoiceBudget['by']) })}
      />
      {budget && (
        <NumberField
          label={t('search.most')}
          value={budget.most}
          min={1}
          max={1e12}
          disabled={running !== null}
          onChange={(most) => setChoosing({ budget: { ...budget, most } })}
        />
      )}
    </Fields>
  );
}

function Found({ found }: { found: NonNullable<MembersState['found']> }) {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const nodes = useStore(project, (state) => state.nodes);
  const { running, fault } = useStore(combine);
  const { choices, single } = found.chosen;
  const name = (member: number) => nodes[found.nodes[member] ?? '']?.name ?? '–';
  const cost = (value: number) =>
    found.budget?.by === 'bytes' ? format.bytes(value) : `${format.short(value)} ${t('unit.macs')}`;
  if (!single) return <Notice level="info" text={t('search.nothingFits')} />;
  // One member is no ensemble: it is the best alone.
  const together = choices.filter(({ members }) => members.length > 1);
  return (
    <Section heading={t('search.found')}>
      {together.length === 0 && <Help>{t('search.noBetter')}</Help>}
      <ol className={styles.found} aria-label={t('search.found')}>
        {together.map((choice, at) => (
          <li key={choice.rule} className={styles.card} data-best={at === 0 || undefined}>
            <div className={styles.cardHead}>
              <strong>{t(`search.rule.${choice.rule}`)}</strong>
              <span data-value={choice.accuracy}>{format.percent(choice.accuracy)}</span>
            </div>
            <Help>
              {membersOf(choice, name, format)} · {cost(choice.cost)}
            </Help>
            <div>
              <Button
                size="xs"
                variant={at === 0 ? 'filled' : 'default'}
                disabled={running !== null}
                onClick={() => void combineChoice(choice)}
              >
                {t('search.combine')}
              </Button>
            </div>
          </li>
        ))}
        <li className={styles.card}>
          <div className={styles.cardHead}>
            <strong>{t('search.single', { name: name(single.member) })}</strong>
            <span data-value={single.accuracy}>{format.percent(single.accuracy)}</span>
          </div>
          <Help>{cost(single.cost)}</Help>
        </li>
      </ol>
      {running && <ProgressLine label={t('search.combine')} done={running.done} />}
      {fault && <Notice level="error" text={words(fault.words)} hint={fault.hint && words(fault.hint)} />}
      <Help>{t('search.flatters')}</Help>
    </Section>
  );
}

/** Members by name, with how much each counts where that is chosen too. */
function membersOf(
  { members, values, rule }: Choice,
  name: (member: number) => string,
  format: ReturnType<typeof useFormat>,
) {
  return members
    .map((member, at) => {
      const weight = values[`weight${at + 1}`];
      return rule === 'selected-weights' && typeof weight === 'number'
        ? `${name(member)} (× ${format.number(weight, 2)})`
        : name(member);
    })
    .join(rule === 'cascade' ? ' → ' : ', ');
}
