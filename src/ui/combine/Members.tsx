/** Which models answer together, and in which order where that means something. */
import { ActionIcon, Button, Checkbox } from '@mantine/core';
import { useStore } from 'zustand';
import type { Ensemble } from '#core/ensembles/ensemble';
import type { Words } from '#core/params';
import { candidates, combine, moveMember, setMembers, toggleMember } from '#stores/combine';
import { datasets } from '#stores/datasets';
import { project } from '#stores/project';
import type { ModelNode } from '#stores/state';
import styles from '#ui/combine/combine.module.css';
import { DownIcon, UpIcon } from '#ui/kit/icons.tsx';
import { Help } from '#ui/kit/Layout.tsx';
import { Mark } from '#ui/kit/Mark.tsx';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import { markOf } from '#ui/predictor/mark.ts';

export function Members({ way, disabled }: { way: Ensemble; disabled: boolean }) {
  const t = useText();
  useStore(project);
  useStore(datasets, (state) => state.selected);
  const chosen = useStore(combine, (state) => state.members);
  const nodes = bestFirst(candidates());
  const { least, most } = way.members;
  const rule = [
    t('combine.membersLeast', { least: Math.max(2, least) }),
    ...(most === undefined ? [] : [t('combine.membersMost', { most })]),
  ].join(' ');
  return (
    <MemberList
      legend={t('combine.members')}
      note={t('combine.chosen', { count: chosen.length, of: nodes.length })}
      help={rule}
      nodes={nodes}
      chosen={chosen}
      most={most}
      disabled={disabled}
      onToggle={toggleMember}
      onAll={setMembers}
    />
  );
}

/** By how often they are right on validation; of equal ones the one that was there first. */
export function bestFirst(nodes: readonly ModelNode[]): readonly ModelNode[] {
  const right = (node: ModelNode) => node.validation?.value ?? 0;
  return [...nodes].sort((a, b) => right(b) - right(a));
}

interface ListProps {
  readonly legend: string;
  readonly note: string;
  readonly help?: string;
  readonly nodes: readonly ModelNode[];
  readonly chosen: readonly string[];
  readonly most?: number | undefined;
  readonly disabled: boolean;
  readonly onToggle: (id: string) => void;
  readonly onAll?: (ids: readonly string[]) => void;
}

/** Models to be ticked, each with what it is worth and what it costs. */
export function MemberList({ legend, note, help, nodes, chosen, most, disabled, onToggle, onAll }: ListProps) {
  const t = useText();
  const format = useFormat();
  const isFull = most !== undefined && chosen.length >= most;
  return (
    <fieldset className={styles.members} disabled={disabled}>
      <legend className="w-hidden">{legend}</legend>
      <div className={styles.membersHead}>
        <span className={styles.label} aria-hidden="true">
          {legend}
        </span>
        <span className={styles.quiet}>{note}</span>
        {onAll && nodes.length > 2 && (
          <span className={styles.tools}>
            <Button
              size="compact-xs"
              variant="subtle"
              disabled={disabled}
              onClick={() => onAll(nodes.slice(0, most).map(({ id }) => id))}
            >
              {t('combine.all')}
            </Button>
            <Button size="compact-xs" variant="subtle" disabled={disabled} onClick={() => onAll([])}>
              {t('combine.none')}
            </Button>
          </span>
        )}
      </div>
      <ul className={styles.memberRows}>
        {nodes.map((node) => {
          const isChosen = chosen.includes(node.id);
          return (
            <li key={node.id} className={styles.member} data-chosen={isChosen || undefined}>
              <Checkbox
                size="xs"
                classNames={{ label: styles.memberLabel as string, body: styles.memberBody as string }}
                label={
                  <>
                    <Mark kind={markOf(node)} />
                    <span className={styles.memberName}>{node.name}</span>
                  </>
                }
                aria-label={node.name}
                checked={isChosen}
                disabled={disabled || (isFull && !isChosen)}
                onChange={() => onToggle(node.id)}
              />
              <span className={styles.figures}>
                {node.validation && <span>{format.percent(node.validation.value, 1)}</span>}
                <span>{format.short(node.summary.parameters)}</span>
              </span>
            </li>
          );
        })}
      </ul>
      {help && <Help>{help}</Help>}
    </fieldset>
  );
}

/** The chosen ones in their order, each to be moved up or down. */
export function Order({
  words: said,
  members,
  disabled,
}: {
  words: Words;
  members: readonly ModelNode[];
  disabled: boolean;
}) {
  const t = useText();
  const words = useWords();
  if (members.length < 2) return null;
  const bySize = [...members].sort((a, b) => a.summary.macs - b.summary.macs).map(({ id }) => id);
  const isSorted = bySize.every((id, at) => members[at]?.id === id);
  return (
    <section className={styles.order} aria-label={t('combine.order')}>
      <div className={styles.membersHead}>
        <h3 className={styles.label}>{t('combine.order')}</h3>
        <span className={styles.quiet}>{words(said)}</span>
        {!isSorted && (
          <span className={styles.tools}>
            <Button size="compact-xs" variant="subtle" disabled={disabled} onClick={() => setMembers(bySize)}>
              {t('combine.bySize')}
            </Button>
          </span>
        )}
      </div>
      <ol className={styles.memberRows}>
        {members.map(({ id, name }, at) => (
          <li key={id} className={styles.place}>
            <span className={styles.number}>{at + 1}</span>
            <span className={styles.memberName}>{name}</span>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="sm"
              aria-label={t('combine.up', { name })}
              disabled={disabled || at === 0}
              onClick={() => moveMember(at, at - 1)}
            >
              <UpIcon size={16} />
            </ActionIcon>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="sm"
              aria-label={t('combine.down', { name })}
              disabled={disabled || at === members.length - 1}
              onClick={() => moveMember(at, at + 1)}
            >
              <DownIcon size={16} />
            </ActionIcon>
          </li>
        ))}
      </ol>
    </section>
  );
}
