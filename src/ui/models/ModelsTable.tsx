/** The same as the chart in numbers: a row a model, as a tree of what came from what. Sortable, with rename and remove. */
import { useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { project } from '#stores/project';
import { DownIcon, SortIcon, UpIcon } from '#ui/kit/icons.tsx';
import { Glossary } from '#ui/kit/Term.tsx';
import { useText } from '#ui/kit/words.ts';
import { COLUMNS, type Column, nextSorting, type Sorting, sortRows } from '#ui/models/columns.ts';
import { ModelRow } from '#ui/models/ModelRow.tsx';
import styles from '#ui/models/table.module.css';
import { treeRows } from '#ui/models/tree.ts';

export function ModelsTable() {
  const t = useText();
  const nodes = useStore(project, (state) => state.nodes);
  const order = useStore(project, (state) => state.order);
  const selected = useStore(project, (state) => state.selected);
  const [sorting, setSorting] = useState<Sorting | null>(null);
  const rows = sortRows(treeRows({ nodes, order }), sorting);
  const scroll = useRef<HTMLElement>(null);
  useEffect(() => {
    if (selected !== null && order.includes(selected)) showRow(scroll.current, selected);
  }, [selected, order]);
  const header = (column: Column | 'name') => {
    const sorted = sorting?.column === column ? sorting.direction : undefined;
    return (
      <th
        key={column}
        scope="col"
        aria-sort={sorted ?? 'none'}
        title={column === 'seconds' ? t('glossary.means.took') : undefined}
      >
        <button
          type="button"
          className={styles.sort}
          data-sorted={sorted}
          onClick={() => setSorting(nextSorting(sorting, column))}
        >
          {t(`models.columns.${column}`)}
          <span className={styles.sortSign}>
            {sorted === 'ascending' ? (
              <UpIcon size={14} />
            ) : sorted === 'descending' ? (
              <DownIcon size={14} />
            ) : (
              <SortIcon size={14} />
            )}
          </span>
        </button>
      </th>
    );
  };
  return (
    <div className={styles.tableSection} id="models" tabIndex={-1}>
      <div className={styles.tableHead}>
        <h2 className={styles.title} id="models-title">
          {t('models.table')}
        </h2>
        <Glossary />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section ref={scroll} className={styles.scroll} tabIndex={0} aria-labelledby="models-title">
        <table className={styles.table} aria-labelledby="models-title">
          <thead>
            <tr>
              {header('name')}
              {COLUMNS.map(header)}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <ModelRow key={row.node.id} row={row} selected={row.node.id === selected} />
            ))}
          </tbody>
        </table>
        {rows.length === 0 && <p className={styles.tableEmpty}>{t('models.tableEmpty')}</p>}
      </section>
    </div>
  );
}

/** Moves the table, and never the page, so far that the row of a model is in sight. */
function showRow(table: HTMLElement | null, id: string): void {
  const row = table?.querySelector(`[data-node="${id}"]`)?.getBoundingClientRect();
  const head = table?.querySelector('thead')?.getBoundingClientRect();
  if (!table || !row || !head) return;
  const box = table.getBoundingClientRect();
  if (row.top < head.bottom) table.scrollTop -= head.bottom - row.top;
  else if (row.bottom > box.bottom) table.scrollTop += row.bottom - box.bottom;
}
