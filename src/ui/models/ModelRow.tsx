/** A model in the table: its numbers with their intervals, where it came from, rename and remove. */
import { ActionIcon, TextInput } from '@mantine/core';
import { type CSSProperties, type MouseEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import type { Repeated } from '#core/metrics/seeds';
import { remove, rename, select } from '#stores/project';
import { spreadOf } from '#stores/spread';
import type { ModelNode } from '#stores/state';
import { notify } from '#stores/view';
import { timesLess } from '#ui/kit/changes.ts';
import { PencilIcon, TrashIcon } from '#ui/kit/icons.tsx';
import { Mark } from '#ui/kit/Mark.tsx';
import { useFormat, useText } from '#ui/kit/words.ts';
import { type Column, rawValue } from '#ui/models/columns.ts';
import { focusOn, nameId, restoreId } from '#ui/models/focus.ts';
import { shortened } from '#ui/models/names.ts';
import { useOrigin } from '#ui/models/origin.ts';
import styles from '#ui/models/table.module.css';
import type { TreeRow } from '#ui/models/tree.ts';
import { markOf } from '#ui/predictor/mark.ts';
import type { Accuracy } from '#worker/protocol';

interface Shown {
  readonly value: string;
  readonly note?: string | undefined;
  /** Of the runs with other seeds. */
  readonly mean?: string | undefined;
  readonly title?: string;
}

export function ModelRow({ row, selected }: { row: TreeRow; selected: boolean }) {
  const t = useText();
  const format = useFormat();
  const { node, parent, depth } = row;
  const { summary, latency } = node;

  const spread = spreadOf(node);
  const meanOf = (of: Repeated | null | undefined) =>
    of
      ? t('models.meanOf', { mean: format.fixed(of.mean * 100, 1), deviation: format.percent(of.deviation, 1) })
      : undefined;
  const accuracy = (measured: Accuracy | null, seeds: Repeated | null | undefined) =>
    measured && {
      value: format.percent(measured.value),
      note: format.range(measured.low, measured.high, 1),
      mean: meanOf(seeds),
      title: [
        t('models.intervalOn', { images: format.count(measured.images) }),
        ...(seeds ? [t('models.ofRuns', { count: seeds.runs })] : []),
      ].join(' · '),
    };
  const shrunk = (key: 'bytes' | 'macs' | 'parameters', words: 'smaller' | 'fewer') => {
    const ratio = timesLess(parent ? parent.summary[key] / summary[key] : 1, format);
    return ratio === null ? undefined : t(`models.${words}`, { ratio });
  };
  const cells: Readonly<Record<Column, Shown | null>> = {
    parameters: { value: format.count(summary.parameters), note: shrunk('parameters', 'fewer') },
    nonZero: {
      value: format.count(summary.nonZero),
      note: summary.nonZero < summary.parameters ? format.percent(summary.nonZero / summary.parameters, 1) : undefined,
    },
    size: {
      value: format.bytes(summary.bytes),
      ...(summary.packedBytes === undefined
        ? { note: shrunk('bytes', 'smaller') }
        : {
            note: t('models.packed', { bytes: format.bytes(summary.packedBytes) }),
            title: t('models.packedHelp', { ratio: format.ratio((4 * summary.parameters) / summary.packedBytes) }),
          }),
    },
    macs: {
      value: format.short(Math.round(summary.macs)),
      note: summary.ensemble?.members.some(({ used }) => used < 1) ? t('models.mean') : shrunk('macs', 'fewer'),
    },
    test: accuracy(node.test, spread?.test),
    validation: accuracy(node.validation, spread?.validation),
    latency: latency && {
      value: format.milliseconds(latency.medianMs),
      note: latency.backend,
      title: t('models.latencyOn', { backend: t(`frame.backends.${latency.backend}`), runs: latency.runs }),
    },
    seconds: 'seconds' in node.origin ? { value: format.duration(node.origin.seconds) } : null,
  };
  return (
    // The name is the button; the row is only a larger target for the pointer.
    <tr className={styles.row} data-node={node.id} aria-current={selected || undefined} onClick={() => select(node.id)}>
      <NameCell node={node} parent={parent} depth={depth} />
      {(Object.keys(cells) as Column[]).map((column) => {
        const cell = cells[column];
        return (
          <td key={column} data-value={rawValue(node, column)} data-column={column} title={cell?.title}>
            {cell ? (
              <>
                {cell.value}
                {cell.note !== undefined && <span className={styles.sub}>{cell.note}</span>}
                {cell.mean !== undefined && <span className={styles.sub}>{cell.mean}</span>}
              </>
            ) : (
              <Missing>{t(node.origin.kind === 'template' ? 'models.untrained' : 'models.notMeasured')}</Missing>
            )}
          </td>
        );
      })}
    </tr>
  );
}

function Missing({ children }: { children: ReactNode }) {
  return (
    <span className={styles.missing} title={String(children)}>
      <span aria-hidden="true">–</span>
      <span className="w-hidden">{children}</span>
    </span>
  );
}

function NameCell({ node, parent, depth }: { node: ModelNode; parent: ModelNode | null; depth: number }) {
  const t = useText();
  const origin = useOrigin();
  const [isRenaming, setRenaming] = useState(false);
  const from = parent ? ` · ${t('models.from', { name: parent.name })}` : '';
  // In the tree it stands under what it came from.
  const isSaid = depth === 0;
  const takeAway = ({ detail }: MouseEvent) => {
    remove(node.id);
    notify({
      level: 'info',
      words: { en: `${node.name} was removed.`, zh: `已移除 ${node.name}。` },
      restores: node.id,
    });
    // Whoever did it by keyboard was on a button that is gone.
    if (detail === 0) focusOn(restoreId(node.id));
  };
  return (
    <td>
      <div className={styles.nameCell} style={{ '--depth': Math.min(depth, 5) } as CSSProperties}>
        <span className={styles.nameMark}>
          <Mark kind={markOf(node)} hollow={node.origin.kind === 'template'} />
        </span>
        <div className={styles.nameText}>
          {isRenaming ? (
            <NameField node={node} onDone={() => setRenaming(false)} />
          ) : (
            <button
              id={nameId(node.id)}
              type="button"
              className={styles.name}
              title={node.name}
              aria-label={node.name}
              onClick={() => select(node.id)}
            >
              {shortened(node.name, LONGEST)}
            </button>
          )}
          <span className={styles.origin} title={`${origin(node)}${from}`}>
            {origin(node)}
            {isSaid ? from : <span className="w-hidden">{from}</span>}
          </span>
        </div>
        {/* biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/noStaticElementInteractions: keeps a click on a tool from selecting the row */}
        <div className={styles.rowTools} onClick={(event) => event.stopPropagation()}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={t('models.rename', { name: node.name })}
            onClick={() => setRenaming(true)}
          >
            <PencilIcon size={15} />
          </ActionIcon>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={t('models.remove', { name: node.name })}
            onClick={takeAway}
          >
            <TrashIcon size={15} />
          </ActionIcon>
        </div>
      </div>
    </td>
  );
}

/** Letters of a name in the table: about two lines beside the tools. */
const LONGEST = 44;

/** Enter or leaving the field keeps the new name, Escape the old one. */
function NameField({ node, onDone }: { node: ModelNode; onDone: () => void }) {
  const t = useText();
  const [name, setName] = useState(node.name);
  const field = useRef<HTMLInputElement>(null);
  const isDropped = useRef(false);
  useEffect(() => field.current?.select(), []);
  return (
    <TextInput
      ref={field}
      size="xs"
      aria-label={t('models.renameField')}
      value={name}
      maxLength={120}
      onClick={(event) => event.stopPropagation()}
      onChange={(event) => setName(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') isDropped.current = true;
        if (event.key === 'Escape' || event.key === 'Enter') event.currentTarget.blur();
      }}
      onBlur={() => {
        if (!isDropped.current) rename(node.id, name);
        onDone();
      }}
    />
  );
}
