/**
 * How good the selected model is, and which of two is better. Validation images are looked at as soon as somebody looks
 * here; test images only when the person says so, since every look takes from what they can tell. What was found is kept
 * while the page is open.
 */
import { createStore } from 'zustand/vanilla';
import { nodeFits } from '#stores/datasets';
import { call, faultOf, isAbort } from '#stores/engine';
import { fittedIn } from '#stores/fitted';
import { project, selectedNode } from '#stores/project';
import type { Cell, EvaluateState, EvaluateView, ModelNode } from '#stores/state';
import type { Calls } from '#worker/protocol';
import type { CompareResult, ExaminedSplit, ExamineResult, JudgedImages } from '#worker/protocol-evaluation';

export const evaluate = createStore<EvaluateState>()(() => ({
  view: 'confusion',
  split: 'validation',
  other: null,
  cell: null,
  known: {},
  allowed: [],
  running: null,
  fault: null,
}));

export function setEvaluateView(view: EvaluateView): void {
  evaluate.setState({ view });
}
export function setSplit(split: ExaminedSplit): void {
  evaluate.setState({ split, fault: null });
}
/** The node that the selected one is compared with. */
export function setOther(other: string): void {
  evaluate.setState({ other, fault: null });
}
/** Shows the images of a cell, or none. */
export function setCell(cell: Cell | null): void {
  evaluate.setState({ cell, fault: null });
}

/** What can be asked about: a call and its request. */
export type Question = {
  readonly [N in 'examine' | 'cellImages' | 'compareTwo']: { readonly name: N; readonly request: Calls[N]['request'] };
}['examine' | 'cellImages' | 'compareTwo'];

const keyOf = ({ name, request }: Question): string => JSON.stringify([name, request]);

/** Images that are shown of a cell, and of each way in which two models differ. */
const SHOWN = 60;

/** What is asked about a node where its data set fits and it was ever trained; else null. */
export function examineQuestion(node: ModelNode, split: ExaminedSplit): Question | null {
  const { model, dataset, origin } = node;
  if (!dataset || origin.kind === 'template' || !nodeFits(node, dataset)) return null;
  return { name: 'examine', request: { model, dataset, split, ...fittedOf(node) } };
}
function cellQuestion(node: ModelNode, split: ExaminedSplit, { truth, answer }: Cell): Question | null {
  const { model, dataset } = node;
  if (!dataset) return null;
  return { name: 'cellImages', request: { model, dataset, split, truth, answer, most: SHOWN, ...fittedOf(node) } };
}
export function compareQuestion(node: ModelNode, other: ModelNode, split: ExaminedSplit): Question | null {
  const { dataset } = node;
  if (!dataset || !examineQuestion(node, split) || !othersOf(node).includes(other)) return null;
  const [a, b] = [node.model, other.model];
  return { name: 'compareTwo', request: { a, b, dataset, split, most: SHOWN, ...fittedOf(node, other) } };
}
const fittedOf = (...about: readonly ModelNode[]) => fittedIn(project.getState().nodes, about);

/** The models that a node can be compared with: those on the page that were measured on the same data set. */
export function othersOf(node: ModelNode): readonly ModelNode[] {
  const { nodes, order } = project.getState();
  return order.flatMap((id) => {
    const other = nodes[id];
    const fits = other && other.id !== node.id && other.dataset === node.dataset;
    return fits && other.origin.kind !== 'template' ? [other] : [];
  });
}
/** The chosen one, else the node's parent, else the last made. */
export function otherOf(node: ModelNode): ModelNode | null {
  const others = othersOf(node);
  const { other } = evaluate.getState();
  const named = (id: string | null): ModelNode | undefined => others.find((one) => one.id === id);
  return named(other) ?? named(node.parent) ?? others.at(-1) ?? null;
}

export function examinationOf(node: ModelNode, split: ExaminedSplit): ExamineResult | null {
  return knownTo(examineQuestion(node, split)) as ExamineResult | null;
}
export function cellImagesOf(node: ModelNode, split: ExaminedSplit, cell: Cell): JudgedImages | null {
  return knownTo(cellQuestion(node, split, cell)) as JudgedImages | null;
}
export function comparisonOf(node: ModelNode, other: ModelNode, split: ExaminedSplit): CompareResult | null {
  return knownTo(compareQuestion(node, other, split)) as CompareResult | null;
}
function knownTo(question: Question | null): EvaluateState['known'][string] | null {
  return (question && evaluate.getState().known[keyOf(question)]) ?? null;
}

/** Whether the person has to say first that the test images may be looked at. */
export function mustAsk(question: Question): boolean {
  const { allowed } = evaluate.getState();
  return question.request.split === 'test' && question.name !== 'cellImages' && !allowed.includes(keyOf(question));
}
/** The person says so. */
export function allow(question: Question): void {
  evaluate.setState(({ allowed }) => ({ allowed: [...allowed, keyOf(question)], fault: null }));
}
/** Asks again what has failed. */
export function askAgain(): void {
  evaluate.setState({ fault: null });
}

/** What is to be known next for what is shown, or null. */
function wanted(): Question | null {
  const node = selectedNode();
  if (!node) return null;
  const { view, split, cell, known, fault } = evaluate.getState();
  const questions: (Question | null)[] = [examineQuestion(node, split)];
  if (view === 'confusion' && cell && examinationOf(node, split)) questions.push(cellQuestion(node, split, cell));
  const other = otherOf(node);
  if (view === 'compare' && other) questions.unshift(compareQuestion(node, other, split));
  return (
    questions.find(
      (question) => question && !known[keyOf(question)] && !mustAsk(question) && fault?.key !== keyOf(question),
    ) ?? null
  );
}

let flight: { readonly key: string; readonly stop: AbortController } | null = null;

/** Asks while somebody looks; returns what ends that. */
export function watchEvaluation(): () => void {
  const leaves = [evaluate.subscribe(ask), project.subscribe(ask)];
  ask();
  return () => {
    for (const leave of leaves) leave();
    flight?.stop.abort();
  };
}

function ask(): void {
  const question = wanted();
  const key = question && keyOf(question);
  if (flight?.key === key) return;
  flight?.stop.abort();
  if (question) void fly(question);
}

/** At most so many answers are kept, the oldest go first. */
const KEPT = 60;

async function fly(question: Question): Promise<void> {
  const key = keyOf(question);
  const own = { key, stop: new AbortController() };
  flight = own;
  evaluate.setState({ running: { key, done: 0 } });
  const options = {
    signal: own.stop.signal,
    onProgress: ({ done }: { readonly done: number }) => {
      if (flight === own) evaluate.setState({ running: { key, done } });
    },
  };
  try {
    const answer = await asked(question, options);
    if (flight === own) flight = null;
    evaluate.setState(({ known }) => ({
      known: Object.fromEntries([...Object.entries(known), [key, answer] as const].slice(-KEPT)),
      ...(flight ? {} : { running: null }),
    }));
  } catch (error) {
    if (flight !== own) return;
    flight = null;
    evaluate.setState({ running: null, ...(isAbort(error) ? {} : { fault: { key, fault: faultOf(error) } }) });
  }
}

function asked(
  question: Question,
  options: { readonly signal: AbortSignal; readonly onProgress: (progress: { readonly done: number }) => void },
): Promise<ExamineResult | JudgedImages | CompareResult> {
  switch (question.name) {
    case 'examine':
      return call(question.name, question.request, options);
    case 'cellImages':
      return call(question.name, question.request, options);
    case 'compareTwo':
      return call(question.name, question.request, options);
    default:
      throw question satisfies never;
  }
}
