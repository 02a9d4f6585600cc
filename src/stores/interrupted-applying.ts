/**
 * A recipe that trains and was being applied when the page was left, or when engine after engine failed: what was asked for
 * is kept here, what is done of it by the engine. Asking for the same again goes on there, and ends in the same bytes.
 */
import { createStore } from 'zustand/vanilla';
import type { Words } from '#core/params';
import { passById } from '#core/passes/index';
import { type Recipe, readRecipe } from '#core/recipe';
import { call } from '#stores/engine';
import { readKept } from '#stores/kept';
import { project } from '#stores/project';
import type { AskedApplication, InterruptedState } from '#stores/state';
import { makeUnfinished } from '#stores/unfinished';
import { noticesOf } from '#stores/view';

const NAME = 'applying';

export const interruptedApplying = createStore<InterruptedState>()(() => ({ application: null }));

/** Only the tab that owns the project offers it: the application may be going on in that one. */
const unfinished = makeUnfinished(NAME, { en: 'What was being applied', zh: '应用' }, (saved) => {
  if (saved === 'saved') void lookForApplication();
});

/** Counts what is begun: an answer about what was there before is of no use then. */
let begun = 0;

/** It has begun: the next visit hears of it where this one does not end it. Returns what undoes that, where it has not. */
export function keepApplying(asked: AskedApplication): () => void {
  begun++;
  interruptedApplying.setState({ application: null });
  return unfinished.begin({ ...asked });
}
/** It has come to an end, or is not wanted. */
export function forgetApplying(): void {
  begun++;
  interruptedApplying.setState({ application: null });
  unfinished.end();
}
/** It failed for want of what it needs, and may be gone on with. */
export function leaveApplying(): void {
  unfinished.leave();
  void lookForApplication();
}

/** Tells something of the offer; it goes when that does. */
export const tellOfApplication = noticesOf(interruptedApplying, ({ application }) => application !== null);

/** Sees whether an earlier visit, or an engine that failed, left something that could go on. */
export async function lookForApplication(): Promise<void> {
  const asked = readAsked();
  if (!asked || project.getState().saved === 'other-tab') return;
  const at = begun;
  const left = await call('interruptedRecipe', {}).catch(() => null);
  if (!left || begun !== at) return;
  const node = project.getState().nodes[asked.node];
  const isKnown = asked.recipe.steps.every(({ pass }) => passById(pass));
  if (!node || !project.getState().nodes[asked.start] || !isKnown) return discardApplication();
  interruptedApplying.setState({ application: { asked, ...left } });
  const { en, zh } = titleOf(asked);
  const words = {
    en: `${en} was being applied to ${node.name} and was interrupted. The Optimize tab offers to go on with it.`,
    zh: `${zh}在应用到 ${node.name} 时被中断，可在“优化”页继续。`,
  };
  tellOfApplication({ level: 'info', words }, 'optimize');
}

/** Forgets it, and what was done of it; the model that it began with stays. */
export async function discardApplication(): Promise<void> {
  forgetApplying();
  await call('interruptedRecipe', { discard: true }).catch(() => null);
}

function titleOf({ way, recipe: { steps } }: AskedApplication): Words {
  const title: Words | undefined = way === 'method' ? passById(steps[0]?.pass ?? '')?.words.title : undefined;
  return title ? { en: title.en, zh: `“${title.zh}”` } : { en: 'A recipe', zh: '配方' };
}

/** As it was kept, to the order of its keys: the engine knows it again by its text. */
function readAsked(): AskedApplication | null {
  const { way, node, start, recipe, from } = readKept(NAME);
  if (way !== 'method' && way !== 'recipe') return null;
  if (typeof node !== 'string' || typeof start !== 'string' || typeof from !== 'number') return null;
  try {
    readRecipe(recipe);
    return { way, node, start, recipe: recipe as Recipe, from };
  } catch {
    return null;
  }
}
