/** Combining models that are there: how they answer together, which ones, the sliders of the way, and what it would give. */
import { lazy, Suspense, useEffect } from 'react';
import { useStore } from 'zustand';
import { datasetFacts } from '#core/datasets';
import { ENSEMBLES, ensembleById } from '#core/ensembles/index';
import { clampValues, type Params, type Values } from '#core/params';
import {
  candidates,
  combine,
  combineMembers,
  combineObstacle,
  setCombineView,
  setMembers,
  setWay,
  setWayValue,
} from '#stores/combine';
import { datasets } from '#stores/datasets';
import { nodesOnPage, project } from '#stores/project';
import type { CombineState, ModelNode } from '#stores/state';
import styles from '#ui/combine/combine.module.css';
import { Foot } from '#ui/combine/Foot.tsx';
import { bestFirst, Members, Order } from '#ui/combine/Members.tsx';
import { Glance, TogetherBox } from '#ui/combine/TogetherBox.tsx';
import { WayPicture } from '#ui/combine/WayPicture.tsx';
import { shapeOf } from '#ui/combine/way-shapes.ts';
import { Notice } from '#ui/kit/Feedback.tsx';
import { Text } from '#ui/kit/Layout.tsx';
import { SearchSelect } from '#ui/kit/SearchSelect.tsx';
import { useThrottledPart } from '#ui/kit/use-throttled.ts';
import { useText, useWords } from '#ui/kit/words.ts';
import { About } from '#ui/param-form/About.tsx';
import { ParamForm } from '#ui/param-form/ParamForm.tsx';

const CascadeChart = lazy(() => import('#ui/combine/CascadeChart.tsx'));
const previewOf = (state: CombineState) => state.preview;

export function WaysView() {
  const t = useText();
  const words = useWords();
  const { way: id, members: chosen, values, running, fault, previewFault } = useStore(combine);
  const preview = useThrottledPart(combine, previewOf);
  const nodes = useStore(project, (state) => state.nodes);
  const dataset = useStore(datasets, (state) => state.selected);
  // Whoever comes here for the first time sees at once what the best ones are together.
  useEffect(() => {
    const { selected } = datasets.getState();
    const own = nodesOnPage(combine.getState().members).filter(({ dataset }) => dataset === selected);
    if (own.length === 0) setMembers(usualMembers(candidates(selected)));
  }, []);
  const way = ensembleById(id);
  const own = clampValues(way.params, values[id] ?? {}) as Values;
  const members = chosen.flatMap((member) => nodes[member] ?? []);
  const obstacle = combineObstacle();
  const busy = running !== null;
  return (
    <>
      <SearchSelect
        label={t('combine.way')}
        value={id}
        disabled={busy}
        placeholder={t('combine.wayPlaceholder')}
        onChange={setWay}
        choices={ENSEMBLES.map(({ id: value, kind, words: said }) => ({
          value,
          label: words(said.title),
          group: t(`combine.kinds.${kind}`),
          text: words(said.help),
          also: `${value} ${said.title.en} ${said.paper}`,
        }))}
      />
      <Text>{words(way.words.help)}</Text>
      <WayPicture
        shape={shapeOf(id)}
        members={members.map((member, at) => ({
          id: member.id,
          name: member.name,
          weight: preview?.weights[at] ?? null,
          used: preview?.used[at] ?? null,
        }))}
        threshold={typeof own['threshold'] === 'number' ? own['threshold'] : null}
      />
      <Members way={way} disabled={busy} />
      {way.words.order && <Order words={way.words.order} members={members} disabled={busy} />}
      <ParamForm
        params={paramsFor(way.params, members, (name) => t('combine.weightOf', { name }))}
        values={own}
        layers={[]}
        predictors={[]}
        classGroups={
          // Classes are shared out among those that stand behind the first.
          members.length > 2
            ? { classes: datasetFacts(dataset).classes.map(words), groups: members.slice(1).map(({ name }) => name) }
            : undefined
        }
        disabled={busy}
        onChange={setWayValue}
        onRest={() => undefined}
      >
        {previewFault && (
          <Notice level="error" text={words(previewFault.words)} hint={previewFault.hint && words(previewFault.hint)} />
        )}
        {!obstacle && <TogetherBox members={members} />}
        {preview?.curve && !obstacle && (
          <Suspense fallback={<div className={styles.plot} />}>
            <CascadeChart
              curve={preview.curve}
              now={{ accuracy: preview.validation.value, macs: preview.macs }}
              members={members.map(({ id: member, name, summary }, at) => ({
                id: member,
                name,
                accuracy: preview.members[at]?.value ?? 0,
                macs: summary.macs,
              }))}
            />
          </Suspense>
        )}
      </ParamForm>
      <About words={way.words} formula={way.formula(own)} />
      <Foot
        kind="combine"
        label={t('combine.combine')}
        progress={t('combine.combining')}
        obstacle={obstacle}
        fault={fault}
        onGo={async () => {
          await combineMembers();
          if (combine.getState().made?.kind === 'combine') setCombineView('result');
        }}
      >
        {preview && !obstacle && <Glance preview={preview} />}
      </Foot>
    </>
  );
}

/** The best few on validation, in the order of the page; ensembles only where there is little else, for they hold members already. */
export function usualMembers(nodes: readonly ModelNode[], most = 4): readonly string[] {
  const single = nodes.filter(({ summary }) => !summary.ensemble);
  const best = new Set(bestFirst(single.length > 1 ? single : nodes).slice(0, most));
  return nodes.filter((node) => best.has(node)).map(({ id }) => id);
}

/** A slider a member carries the member's name; those without a member are not drawn. */
export function paramsFor(
  params: Params,
  members: readonly Pick<ModelNode, 'name'>[],
  weightOf: (name: string) => string,
): Params {
  return Object.fromEntries(
    Object.entries(params).flatMap(([key, param]) => {
      const number = /^weight(\d+)$/.exec(key)?.[1];
      if (number === undefined) return [[key, param]];
      const member = members[Number(number) - 1];
      if (!member) return [];
      const label = weightOf(member.name);
      return [[key, { ...param, label: { en: label, zh: label } }]];
    }),
  );
}
