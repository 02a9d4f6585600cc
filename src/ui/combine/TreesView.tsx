/** Growing trees on pixels or on what a network's layer gives: members that err quite differently from networks. */
import { useStore } from 'zustand';
import { clampValues, type Values } from '#core/params';
import { TREE_METHODS, treeMethodById } from '#core/trees/index';
import { combine, setCombineView } from '#stores/combine';
import { datasets } from '#stores/datasets';
import { growTrees, setTreeMethod, setTreeSource, setTreeValue, treesObstacle } from '#stores/growing';
import { project } from '#stores/project';
import type { ModelNode } from '#stores/state';
import { Foot } from '#ui/combine/Foot.tsx';
import { MakingPicture } from '#ui/combine/MakingPicture.tsx';
import { SeedField } from '#ui/combine/MakingsView.tsx';
import { SelectField } from '#ui/kit/Fields.tsx';
import { Text } from '#ui/kit/Layout.tsx';
import { useText, useWords } from '#ui/kit/words.ts';
import { About } from '#ui/param-form/About.tsx';
import { ParamForm } from '#ui/param-form/ParamForm.tsx';
import { networksIn } from '#ui/predictor/networks.ts';

export function TreesView() {
  const t = useText();
  const words = useWords();
  const { treeMethod: id, treeValues, treeSource: source, seed, running, fault } = useStore(combine);
  const state = useStore(project);
  const dataset = useStore(datasets, ({ selected }) => selected);
  const method = treeMethodById(id);
  const networks = networksIn(state, dataset).filter(({ validation }) => validation !== null);
  const node = source.kind === 'layer' ? state.nodes[source.node] : undefined;
  const busy = running !== null;
  const look = (wanted: string) => {
    const next = networks.find((one) => one.id === wanted);
    setTreeSource(next ? { kind: 'layer', node: next.id, layer: usualLayer(next) } : { kind: 'pixels' });
  };
  return (
    <>
      <SelectField
        label={t('combine.method')}
        value={id}
        disabled={busy}
        onChange={setTreeMethod}
        choices={TREE_METHODS.map(({ id: value, words: said }) => ({ value, label: words(said.title) }))}
      />
      <Text>{words(method.words.help)}</Text>
      <MakingPicture of={id} />
      <SelectField
        label={t('combine.features')}
        value={source.kind === 'layer' ? source.node : ''}
        disabled={busy}
        onChange={look}
        choices={[
          { value: '', label: t('combine.pixels') },
          ...networks.map(({ id: value, name }) => ({ value, label: t('combine.ofModel', { name }) })),
        ]}
      />
      {source.kind === 'layer' && node && (
        <SelectField
          label={t('combine.layer')}
          help={t('combine.layerHelp')}
          value={source.layer}
          disabled={busy}
          onChange={(layer) => setTreeSource({ ...source, layer })}
          choices={layersIn(node).map(({ name, shape }) => ({
            value: name,
            label: `${name} (${shape.join(' × ')})`,
          }))}
        />
      )}
      <ParamForm
        params={method.params}
        values={clampValues(method.params, treeValues[id] ?? {}) as Values}
        layers={[]}
        predictors={[]}
        disabled={busy}
        onChange={(key, value) => setTreeValue(key, value)}
        onRest={() => undefined}
      />
      <SeedField seed={seed} disabled={busy} />
      <About words={method.words} />
      <Foot
        kind="trees"
        label={t('combine.grow')}
        progress={t('combine.growing')}
        obstacle={treesObstacle()}
        fault={fault}
        onGo={async () => {
          await growTrees();
          if (combine.getState().made?.kind === 'trees') setCombineView('result');
        }}
      />
    </>
  );
}

/** Layers whose outputs trees can look at, the input left out. */
function layersIn({ summary }: ModelNode): ModelNode['summary']['layers'] {
  return summary.layers.filter(({ inputs }) => inputs.length > 0);
}

/** The last one before the classes: what the network itself decides by. */
export function usualLayer(node: ModelNode): string {
  const all = layersIn(node);
  const last = all.findLastIndex(({ parameters }) => parameters > 0);
  return (all[last - 1] ?? all.at(-1))?.name ?? '';
}
