/** One layer of the editor: what it is and gives, its settings on demand, and moving and removing it. */
import { ActionIcon } from '@mantine/core';
import type { Row } from '#core/architecture';
import type { checkArchitecture } from '#core/model/create';
import { moveRow, removeRow } from '#stores/build';
import styles from '#ui/build/build.module.css';
import { RowFields } from '#ui/build/RowFields.tsx';
import { shapeText, sizeText } from '#ui/build/rows.ts';
import { DownIcon, TrashIcon, UpIcon } from '#ui/kit/icons.tsx';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';

interface CardProps {
  readonly row: Row;
  readonly index: number;
  readonly rows: readonly Row[];
  readonly check: ReturnType<typeof checkArchitecture>['rows'][number] | undefined;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
  /** The open row is now at this index, or none is open. */
  readonly onMoved: (index: number | null) => void;
}

export function RowCard({ row, index, rows, check, isOpen, onToggle, onMoved }: CardProps) {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const name = t('build.row', { number: index + 1, kind: t(`build.kinds.${row.kind}`) });
  const activation = 'activation' in row && row.activation !== 'linear' ? t(`build.activations.${row.activation}`) : '';
  const settings = [sizeText(row), activation].filter(Boolean).join(' · ');
  const id = `row-${index}`;
  const move = (to: number) => {
    moveRow(index, to);
    onMoved(isOpen ? to : null);
  };
  return (
    <li className={`${styles.row} ${check?.fault ? styles.bad : ''}`}>
      <div className={styles.head}>
        <button
          type="button"
          className={styles.name}
          aria-expanded={isOpen}
          aria-controls={`${id}-fields`}
          aria-describedby={check?.fault ? `${id}-fault` : undefined}
          onClick={onToggle}
        >
          <span className={styles.kind}>{name}</span>
          <span className={styles.settings}>{settings}</span>
        </button>
        <span className={styles.facts}>
          {check && !check.fault && (
            <>
              <span>{shapeText(check.shape ?? [])}</span>
              <span className={styles.count}>
                {check.parameters > 0 ? `${format.count(check.parameters)} ${t('unit.parameters')}` : ''}
              </span>
            </>
          )}
        </span>
        <span className={styles.tools}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={t('build.up', { layer: name })}
            disabled={index === 0}
            onClick={() => move(index - 1)}
          >
            <UpIcon size={16} />
          </ActionIcon>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={t('build.down', { layer: name })}
            disabled={index === rows.length - 1}
            onClick={() => move(index + 1)}
          >
            <DownIcon size={16} />
          </ActionIcon>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={t('build.remove', { layer: name })}
            disabled={rows.length === 1}
            onClick={() => {
              removeRow(index);
              onMoved(null);
            }}
          >
            <TrashIcon size={16} />
          </ActionIcon>
        </span>
      </div>
      {check?.fault && (
        <p id={`${id}-fault`} className={styles.fault}>
          {sentence(words(check.fault))}
        </p>
      )}
      {isOpen && (
        <fieldset id={`${id}-fields`} className={styles.fields}>
          <legend className="w-hidden">{t('build.edit', { layer: name })}</legend>
          <RowFields row={row} index={index} rows={rows} />
        </fieldset>
      )}
    </li>
  );
}

/** The fault follows the layer's name elsewhere; here it stands alone, so it begins as a sentence does. */
function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
