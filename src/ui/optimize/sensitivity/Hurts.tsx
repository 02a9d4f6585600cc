/** After quantizing, sharing or pruning: which layer's change costs what by itself, beside its signal to noise. */
import { Button } from '@mantine/core';
import { type CSSProperties, useState } from 'react';
import { useStore } from 'zustand';
import { ACTIVATION_BITS } from '#core/passes/shared/bits';
import { project } from '#stores/project';
import { hurtsKey, measureHurts, sensitivity } from '#stores/sensitivity';
import type { ModelNode } from '#stores/state';
import { signedPoints } from '#ui/kit/changes.ts';
import { ProgressLine } from '#ui/kit/Feedback.tsx';
import { SelectField } from '#ui/kit/Fields.tsx';
import { Actions, Help, Section } from '#ui/kit/Layout.tsx';
import { useThrottledStore } from '#ui/kit/use-throttled.ts';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import { heat } from '#ui/optimize/sensitivity/HeatMap.tsx';
import { SeenOn } from '#ui/optimize/sensitivity/SeenOn.tsx';
import styles from '#ui/optimize/sensitivity/sensitivity.module.css';
import type { HurtLayer, LayerSummary } from '#worker/protocol';

export function Hurts({ node }: { node: ModelNode }) {
  const t = useText();
  const nodes = useStore(project, (state) => state.nodes);
  const state = useThrottledStore(sensitivity);
  const [wanted, setWanted] = useState<string | null>(null);
  const ancestors = ancestorsOf(nodes, node);
  const before = ancestors.find(({ id }) => id === wanted) ?? ancestors[0];
  if (!before) return null;
  const key = hurtsKey(node, before, state);
  const found = state.hurts[key];
  const isRunning = state.running?.key === key;
  return (
    <Section heading={t('sensitivity.hurts')}>
      <Help>{t('sensitivity.hurtsHelp')}</Help>
      <SelectField
        label={t('sensitivity.before')}
        value={before.id}
        disabled={state.running !== null}
        choices={ancestors.map(({ id, name }) => ({ value: id, label: name }))}
        onChange={setWanted}
      />
      {found?.[0] && (
        <>
          <Help>
            <SeenOn base={before} alone={found[0]} />
          </Help>
          <HurtTable node={node} found={found} />
        </>
      )}
      {found?.length === 0 && !isRunning && <Help>{t('sensitivity.nothingDiffers')}</Help>}
      {isRunning && state.running && <ProgressLine label={t('sensitivity.running')} done={state.running.done} />}
      {!found && (
        <Actions>
          <Button variant="default" disabled={state.running !== null} onClick={() => void measureHurts(before.id)}>
            {t('sensitivity.measureHurts')}
          </Button>
        </Actions>
      )}
    </Section>
  );
}

/** The models that this one was made from, the closest first. */
function ancestorsOf(nodes: Readonly<Record<string, ModelNode>>, node: ModelNode): readonly ModelNode[] {
  const found: ModelNode[] = [];
  let at = node.origin.kind === 'recipe' && node.parent !== null ? nodes[node.parent] : undefined;
  while (at && !found.includes(at)) {
    found.push(at);
    at = at.origin.kind === 'recipe' && at.parent !== null ? nodes[at.parent] : undefined;
  }
  return found;
}

function HurtTable({ node, found }: { node: ModelNode; found: readonly HurtLayer[] }) {
  const t = useText();
  const format = useFormat();
  const encoding = useEncoding();
  return (
    <table className={styles.numbers}>
      <thead>
        <tr>
          <th scope="col">{t('sensitivity.hurtColumns.layer')}</th>
          <th scope="col">{t('sensitivity.hurtColumns.decibels')}</th>
          <th scope="col">{t('sensitivity.hurtColumns.alone')}</th>
          <th scope="col">{t('sensitivity.hurtColumns.points')}</th>
        </tr>
      </thead>
      <tbody>
        {found.map(({ layer, decibels, accuracy, difference }) => {
          const summary = node.summary.layers.find(({ name }) => name === layer);
          return (
            <tr key={layer}>
              <th scope="row">
                {layer}
                {summary && <span className={styles.sub}>{encoding(summary)}</span>}
              </th>
              <td data-value={decibels ?? undefined}>
                {decibels === null ? '–' : `${format.number(decibels, 1)} ${t('unit.decibel')}`}
              </td>
              <td data-value={accuracy.value}>
                {format.percent(accuracy.value)}
                <span className={styles.sub}>{format.range(accuracy.low, accuracy.high, 1)}</span>
              </td>
              <td
                className={styles.warm}
                style={{ '--heat': `${(heat(-difference.value) * 100).toFixed(0)}%` } as CSSProperties}
              >
                {signedPoints(difference.value, format)}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** How a layer's weights are held, and what it gives out: "4 bits, 90 % zero · Activation bits 8". */
function useEncoding(): (layer: LayerSummary) => string {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  return ({ encoding: { kind, bits, clusters, sparsity }, activationBits }) => {
    const held = t(`sensitivity.encodings.${kind}`, { bits, clusters });
    const zeros = sparsity > 0.005 ? t('sensitivity.encodings.pruned', { share: format.percent(sparsity, 0) }) : '';
    const given = activationBits === undefined ? '' : `${words(ACTIVATION_BITS.label)} ${activationBits}`;
    return [[held, zeros].filter(Boolean).join(t('unit.and')), given].filter(Boolean).join(' · ');
  };
}
