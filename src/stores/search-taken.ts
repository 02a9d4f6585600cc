/**
 * A candidate of a search as models on the page: the network that it began with and the trained one before its recipe
 * are there as its ancestors, out of sight, so that it can be trained on, repeated and written down like any other.
 */
import { wilson } from '#core/numeric/intervals';
import { allEpochs, candidatesOf, inRound } from '#core/search/schedule';
import { settle } from '#core/search/space';
import { bestOf } from '#core/search/trials';
import { addNode, project, uniqueName } from '#stores/project';
import type { SearchJob } from '#stores/search-state';
import type { ModelNode, SeedRun } from '#stores/state';
import { announce } from '#stores/view';
import type { SearchResult, SearchTaken } from '#worker/protocol-search';

/** Adds the candidate's model and selects it. */
export function addTaken(job: SearchJob, candidate: number, taken: SearchTaken, name: string): ModelNode {
  const { plan, dataset } = job.search;
  const candidates = candidatesOf(plan);
  const base = settle(plan.base, plan.dimensions, candidates[candidate] ?? []);
  const epochs = allEpochs(plan, base);
  const { start, training, recipe } = inRound(base, plan, epochs);
  const seed = plan.seeds[0] ?? 1;
  const made = Date.now();
  const plain = { dataset, validation: null, test: null, latency: null, notes: [], made };
  const template: ModelNode | null =
    taken.fresh && start.kind === 'fresh'
      ? {
          ...plain,
          id: crypto.randomUUID(),
          name: start.architecture.name,
          model: taken.fresh.id,
          summary: taken.fresh,
          parent: null,
          origin: { kind: 'template', architecture: start.architecture, seed },
        }
      : null;
  const settings = training && { ...training, seed, epochs: epochs ?? training.epochs };
  const trainedOrigin = settings && {
    kind: 'trained' as const,
    settings,
    seconds: taken.seconds,
    stopped: false,
    trace: taken.trace,
  };
  const trained: ModelNode | null =
    taken.trained && trainedOrigin
      ? {
          ...plain,
          id: crypto.randomUUID(),
          name: taken.trained.name,
          model: taken.trained.id,
          summary: taken.trained,
          parent: template?.id ?? null,
          origin: trainedOrigin,
        }
      : null;
  const own = job.results.filter((result) => result.candidate === candidate && result.fold === null);
  const round = Math.max(0, ...own.map((result) => result.round));
  const runs = own.filter((result) => result.round === round && result.seed !== seed).flatMap(runOf);
  const node: ModelNode = {
    ...plain,
    id: crypto.randomUUID(),
    name: uniqueName(name),
    model: taken.model.id,
    summary: taken.model,
    parent: recipe ? (trained?.id ?? job.node) : (template?.id ?? job.node),
    origin:
      recipe || !trainedOrigin
        ? {
            kind: 'recipe',
            recipe: recipe
              ? { ...recipe, seed, steps: recipe.steps.map(({ seed: _, ...step }) => step) }
              : { version: 1, seed, steps: [] },
            seconds: taken.seconds,
            reports: taken.reports,
          }
        : trainedOrigin,
    validation: taken.validation,
    test: taken.test,
    notes: taken.reports.flatMap(({ notes }) => notes),
    ...(runs.length > 0 ? { runs } : {}),
    searched: {
      strategy: plan.strategy.kind,
      // Those that were tried: a search may be ended early.
      trials: new Set(job.results.map((result) => result.candidate)).size,
      folds: plan.folds,
      isBest: bestOf(plan, candidates, job.results) === candidate,
    },
  };
  addNode(
    node,
    undefined,
    [template, trained].filter((one): one is ModelNode => one !== null),
  );
  const share = (taken.test.value * 100).toFixed(2);
  announce({
    en: `The search made ${node.name}: it classifies ${share} % of the test images correctly.`,
    zh: `搜索生成了 ${node.name}：在测试图片上的准确率为 ${share} %。`,
  });
  return project.getState().nodes[node.id] ?? node;
}

/** A result as a point; none where it came to nothing. */
export function runOf({ seed, score, cost, test }: SearchResult): readonly SeedRun[] {
  if (!score || !cost) return [];
  const { accuracy, images, loss } = score;
  const validation = { ...wilson(Math.round(accuracy * images), images), images, loss };
  return [{ seed, cost, validation, ...(test ? { test } : {}) }];
}
