/**
 * Looking into one layer: what the sliders' position, or whatever made the model from its parent, does to its weights. It
 * asks only while somebody looks, after the slider's first answer is there, one question at a time; the latest one wins.
 */
import { createStore } from 'zustand/vanilla';
import { UNCHANGED } from '#stores/applying';
import { call, faultOf, isAbort } from '#stores/engine';
import { answered, optimize } from '#stores/optimize';
import { project, selectedNode } from '#stores/project';
import type { InspectState, ModelNode } from '#stores/state';
import type { Calls } from '#worker/protocol';

export const inspection = createStore<InspectState>()(() => ({
  isOpen: true,
  layer: null,
  compare: null,
  shown: null,
  fault: null,
}));

/** Shows it beside the chart, or puts it away. */
export function setOpen(isOpen: boolean): void {
  inspection.setState({ isOpen });
}
/** Looks into another layer. */
export function setLayer(layer: string): void {
  inspection.setState({ layer });
}
/** Compares with what the sliders would give, or with the model that this one was made from. */
export function setCompare(compare: 'step' | 'parent'): void {
  inspection.setState({ compare });
}

/** The model that this one was made from, while the project has it. */
export function parentOf(node: ModelNode): ModelNode | null {
  return (node.parent !== null && project.getState().nodes[node.parent]) || null;
}

/** What is compared: what the person chose, or the parent where a model has just been made, else the step. */
export function comparisonOf(node: ModelNode): 'step' | 'parent' {
  if (!parentOf(node)) return 'step';
  return inspection.getState().compare ?? (optimize.getState().result ? 'parent' : 'step');
}

type Question = Calls['inspect']['request'];

/** Null while there is nothing to ask about. */
function question(): { readonly asked: Question; readonly pass: string | null } | null {
  const node = selectedNode();
  if (!node) return null;
  const { layer } = inspection.getState();
  const parent = parentOf(node);
  if (parent && comparisonOf(node) === 'parent')
    return { asked: { model: node.model, layer, by: { kind: 'model', before: parent.model } }, pass: null };
  const answer = answered();
  if (!answer || answer.model !== node.model) return null;
  const { model, ...by } = answer;
  return { asked: { model, layer, by: { kind: 'step', ...by } }, pass: by.step.pass };
}

let flight: AbortController | null = null;
let last = '';

/** Nothing is in sight, so that the same may be asked about again. */
function clear(): void {
  last = '';
  inspection.setState({ shown: null });
}

/** Something is being applied, and what the sliders would give is asked about only after that: what is in sight is of before. */
function isPutOff(): boolean {
  const { applying, preview } = optimize.getState();
  return applying !== null && preview === null;
}

/** Begins to ask whenever something changes; returns what ends that. */
export function watchInspection(): () => void {
  const leaves = [
    optimize.subscribe((state) => {
      // What cannot be applied has nothing to show.
      const isRefused = state.fault !== null && state.fault.code !== UNCHANGED;
      if ((isRefused || isPutOff()) && inspection.getState().shown?.by === 'step') clear();
      ask();
    }),
    inspection.subscribe((state, before) => {
      if (state.layer !== before.layer || state.compare !== before.compare) ask();
    }),
    project.subscribe((state, before) => {
      if (state.selected !== before.selected) {
        inspection.setState({ compare: null, fault: null });
        clear();
      }
      ask();
    }),
  ];
  last = '';
  ask();
  return () => {
    for (const leave of leaves) leave();
    flight?.abort();
  };
}

function ask(): void {
  if (!flight) void fly();
}

async function fly(): Promise<void> {
  for (let next = question(); next && JSON.stringify(next) !== last; next = question()) {
    last = JSON.stringify(next);
    const stop = new AbortController();
    flight = stop;
    try {
      const result = await call('inspect', next.asked, { signal: stop.signal });
      const node = selectedNode();
      if (node?.model === next.asked.model && !(next.pass !== null && isPutOff()))
        inspection.setState({ shown: { result, by: next.asked.by.kind, pass: next.pass }, fault: null });
    } catch (error) {
      if (isAbort(error)) break;
      inspection.setState({ shown: null, fault: faultOf(error) });
    } finally {
      flight = null;
    }
  }
}
