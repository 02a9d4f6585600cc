/** Training members that are made to go together: bagging, boosting, snapshots, specialists, out of fold, soups. */
import { useEffect, useMemo } from 'react';
import { useStore } from 'zustand';
import { datasetFacts } from '#core/datasets';
import { MAKINGS, makingById } from '#core/ensembles/making/index';
import { clampValues, type Values } from '#core/params';
import { combine, setCombineSeed, setCombineView } from '#stores/combine';
import { datasets } from '#stores/datasets';
import { makeMembers, makeObstacle, setMaking, setMakingValue, setSources, toggleSource } from '#stores/making';
import { project } from '#stores/project';
import type { ModelNode } from '#stores/state';
import { Foot } from '#ui/combine/Foot.tsx';
import { MakingPicture } from '#ui/combine/MakingPicture.tsx';
import { MemberList } from '#ui/combine/Members.tsx';
import { Notice } from '#ui/kit/Feedback.tsx';
import { NumberField, SelectField } from '#ui/kit/Fields.tsx';
import { Fields, Help, Text } from '#ui/kit/Layout.tsx';
import { SearchSelect } from '#ui/kit/SearchSelect.tsx';
import { useText, useWords } from '#ui/kit/words.ts';
import { About } from '#ui/param-form/About.tsx';
import { ParamForm } from '#ui/param-form/ParamForm.tsx';
import { networksIn } from '#ui/predictor/networks.ts';

export function MakingsView() {
  const t = useText();
  const words = useWords();
  const { making: id, makingValues, sources, seed, running, fault, interrupted } = useStore(combine);
  const state = useStore(project);
  const dataset = useStore(datasets, ({ selected }) => selected);
  const making = makingById(id);
  const { most, anyKind } = making.models;
  const networks = useMemo(() => networksIn(state, dataset, anyKind), [state, dataset, anyKind]);
  const own = clampValues(making.params, makingValues[id] ?? {}) as Values;
  const busy = running !== null;
  // What a person has emptied stays empty: only other models, or another number of them, ask for a choice again.
  const offered = networks.map(({ id: one }) => one).join(' ');
  useEffect(() => fillSources(offered.split(' ').filter(Boolean), most), [offered, most]);
  return (
    <>
      {interrupted && !busy && <Notice level="info" text={t('combine.interrupted')} />}
      <SearchSelect
        label={t('combine.making')}
        value={id}
        disabled={busy}
        placeholder={t('combine.makingPlaceholder')}
        onChange={setMaking}
        choices={MAKINGS.map(({ id: value, words: said }) => ({
          value,
          label: words(said.title),
          group: t('combine.views.makings'),
          text: words(said.help),
          also: `${value} ${said.title.en} ${said.paper}`,
        }))}
      />
      <Text>{words(making.words.help)}</Text>
      <MakingPicture of={id} />
      <Sources networks={networks} sources={sources} models={making.models} disabled={busy} />
      {making.words.models && <Help>{words(making.words.models)}</Help>}
      <ParamForm
        params={making.params}
        values={own}
        layers={[]}
        predictors={[]}
        classGroups={{
          classes: datasetFacts(dataset).classes.map(words),
          groups: Array.from({ length: Number(own['groups'] ?? 0) }, (_, g) => t('combine.group', { number: g + 1 })),
        }}
        disabled={busy}
        onChange={(key, value) => setMakingValue(key, value)}
        onRest={() => undefined}
      />
      <SeedField seed={seed} disabled={busy} />
      <About words={making.words} />
      <Foot
        kind="make"
        label={t('combine.make')}
        progress={t('combine.makingNow')}
        obstacle={makeObstacle()}
        fault={fault}
        onGo={async () => {
          await makeMembers();
          if (combine.getState().made?.kind === 'make') setCombineView('result');
        }}
      />
    </>
  );
}

export function SeedField({ seed, disabled }: { seed: number; disabled: boolean }) {
  const t = useText();
  return (
    <Fields>
      <NumberField
        label={t('combine.seed')}
        help={t('combine.seedHelp')}
        value={seed}
        min={0}
        max={4294967295}
        disabled={disabled}
        onChange={setCombineSeed}
      />
    </Fields>
  );
}

/** There is something to start from: the selected model, else the last one; and no more than can be taken. */
function fillSources(offered: readonly string[], most: number): void {
  const { selected } = project.getState();
  const there = combine.getState().sources.filter((id) => offered.includes(id));
  const usual = offered.find((id) => id === selected) ?? offered.at(-1);
  setSources(there.length > 0 || !usual ? there.slice(0, most) : [usual]);
}

interface SourcesProps {
  readonly networks: readonly ModelNode[];
  readonly sources: readonly string[];
  readonly models: { readonly least: number; readonly most: number };
  readonly disabled: boolean;
}

/** What members are made from: one model, two with different parts, or several. */
function Sources({ networks, sources, models, disabled }: SourcesProps) {
  const t = useText();
  const choices = networks.map(({ id, name }) => ({ value: id, label: name }));
  /** Puts a node, or none, in this place. */
  const put = (at: number, id: string) => setSources([...sources.slice(0, at), ...(id === '' ? [] : [id])]);
  if (models.most <= 2)
    return (
      <>
        <SelectField
          label={t('combine.start')}
          value={sources[0] ?? ''}
          disabled={disabled}
          choices={choices}
          onChange={(id) => put(0, id)}
        />
        {models.most === 2 && (
          <SelectField
            label={t('combine.second')}
            value={sources[1] ?? ''}
            disabled={disabled}
            choices={[
              { value: '', label: t('combine.sameModel') },
              ...choices.filter(({ value }) => value !== sources[0]),
            ]}
            onChange={(id) => put(1, id)}
          />
        )}
      </>
    );
  return (
    <MemberList
      legend={t('combine.models')}
      note={t('combine.chosen', { count: sources.length, of: networks.length })}
      nodes={networks}
      chosen={sources}
      most={models.most}
      disabled={disabled}
      onToggle={toggleSource}
    />
  );
}
