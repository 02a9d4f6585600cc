/**
 * What is going on beside training, in one place for the line of status: what it is and how far. Each store that does
 * something knows it of itself; this one only gathers. When something begins, what was announced before is over.
 */
import { createStore } from 'zustand/vanilla';
import type { Words } from '#core/params';
import { passById } from '#core/passes/index';
import { candidates } from '#stores/candidates';
import { combine } from '#stores/combine-state';
import { evaluate } from '#stores/evaluate';
import { optimize } from '#stores/optimize';
import { recipes } from '#stores/recipes';
import { sensitivity } from '#stores/sensitivity';
import type { Doing } from '#stores/state';
import { training } from '#stores/training';
import { transfer } from '#stores/transfer';
import { unannounce } from '#stores/view';

/** One thing, the one that a person waits for most; null where there is none. */
export const doing = createStore<{ readonly now: Doing | null }>()(() => ({ now: null }));

function found(): Doing | null {
  const { applying } = optimize.getState();
  if (applying) {
    const { method, done } = applying;
    return { kind: 'applying', done, name: passById(method)?.words.title ?? plain(method) };
  }
  const recipe = recipes.getState().running;
  if (recipe) return { kind: 'recipe', done: recipe.done, name: plain(`${recipe.step + 1}`) };
  const combining = combine.getState().running;
  if (combining && combining.kind !== 'result') return { kind: combining.kind, done: combining.done };
  const { opening, exporting } = transfer.getState();
  if (opening) return { kind: 'opening', done: opening.done, name: plain(opening.names[0] ?? '') };
  if (exporting !== null) return { kind: 'exporting', done: exporting };
  const measuring = sensitivity.getState().running;
  if (measuring) return { kind: 'sensitivity', done: measuring.done };
  const { running } = evaluate.getState();
  return candidates.getState().going ?? (running ? { kind: 'evaluating', done: running.done } : null);
}
const plain = (name: string): Words => ({ en: name, zh: name });

function look(): void {
  const { now: before } = doing.getState();
  const now = found();
  if (now === null && before === null) return;
  if (now !== null && now.kind !== before?.kind) unannounce();
  doing.setState({ now });
}

for (const store of [optimize, recipes, combine, transfer, sensitivity, candidates, evaluate]) store.subscribe(look);
training.subscribe(({ status }, before) => {
  if (before.status === 'idle' && status !== 'idle') unannounce();
});
