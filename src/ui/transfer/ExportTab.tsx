/** The Export tab: which model in which format; then the file, read back and measured, and how to use it. */
import { Button } from '@mantine/core';
import { useEffect } from 'react';
import { useStore } from 'zustand';
import { FORMATS } from '#stores/formats';
import { project, select } from '#stores/project';
import { exportModel, formatOf, isSeveral, setFormat, setGrids, transfer } from '#stores/transfer';
import { EmptyState, Notice, ProgressLine } from '#ui/kit/Feedback.tsx';
import { SelectField } from '#ui/kit/Fields.tsx';
import { Actions, Panel, Text } from '#ui/kit/Layout.tsx';
import { useText, useWords } from '#ui/kit/words.ts';
import { Begin } from '#ui/predictor/Begin.tsx';
import { Ready } from '#ui/transfer/Ready.tsx';
import type { FormatId } from '#worker/protocol';

const GRID_CHOICES = ['requantize', 'float'] as const;

export function ExportTab() {
  const t = useText();
  const words = useWords();
  const { nodes, order, selected } = useStore(project);
  const { format: asked, unsupportedGrids, exporting, ready, exportFault } = useStore(transfer);
  const node = selected === null ? undefined : nodes[selected];
  const last = order.at(-1);
  useEffect(() => {
    if (!node && last !== undefined) select(last);
  }, [node, last]);
  if (order.length === 0) {
    return (
      <Panel title={t('transfer.title')} intro={t('transfer.intro')}>
        <EmptyState title={t('transfer.noModel')} text={t('transfer.noModelHelp')}>
          <Begin />
        </EmptyState>
      </Panel>
    );
  }
  if (!node) return null;
  const several = isSeveral(node);
  const format = formatOf(node, asked);
  const writable = FORMATS.filter((one) => one.write).filter((one) => !several || one.id === format);
  const chosen = writable.find((one) => one.id === format);
  const hasGrids = node.summary.layers.some(
    (layer) => layer.encoding.kind === 'grid' || layer.encoding.kind === 'codebook',
  );
  return (
    <Panel title={t('transfer.title')} intro={t('transfer.intro')}>
      <SelectField
        label={t('transfer.model')}
        value={node.id}
        disabled={exporting !== null}
        onChange={select}
        choices={order.map((id) => ({ value: id, label: nodes[id]?.name ?? id }))}
      />
      <SelectField
        label={t('transfer.format')}
        value={format}
        disabled={exporting !== null}
        onChange={(id) => setFormat(id as FormatId)}
        choices={writable.map((one) => ({ value: one.id, label: words(one.words.title) }))}
      />
      {several && <Text>{t('transfer.several')}</Text>}
      {chosen && !several && <Text>{words(chosen.words.help)}</Text>}
      {node.summary.kind === 'ensemble' && !several && <Text>{t('transfer.oneGraph')}</Text>}
      {hasGrids && format !== 'whittle' && (
        <SelectField
          label={t('transfer.grids')}
          help={t('transfer.gridsHelp')}
          value={unsupportedGrids}
          disabled={exporting !== null}
          onChange={(choice) => setGrids(choice === 'float' ? 'float' : 'requantize')}
          choices={GRID_CHOICES.map((choice) => ({ value: choice, label: t(`transfer.gridChoices.${choice}`) }))}
        />
      )}
      <Actions>
        <Button disabled={exporting !== null} onClick={() => void exportModel()}>
          {t('transfer.export')}
        </Button>
      </Actions>
      {exporting !== null && <ProgressLine label={t('transfer.writing')} done={exporting} />}
      {exportFault && (
        <Notice
          level="error"
          text={exportFault.where ? `${exportFault.where}: ${words(exportFault.words)}` : words(exportFault.words)}
          hint={exportFault.hint && words(exportFault.hint)}
        />
      )}
      {ready && ready.node === node.id && exporting === null && (
        <Ready node={node} format={format} result={ready.result} />
      )}
    </Panel>
  );
}
