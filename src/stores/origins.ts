/**
 * How a node's predictor was made, from untrained models on: what the engine needs to make it anew on other images; and
 * where that cannot be said, why. Of opened files nobody knows; ways of making members say for themselves.
 */
import { makingById } from '#core/ensembles/making/index';
import { clampValues, type Param, type Words } from '#core/params';
import { passById } from '#core/passes/index';
import type { RecipeStep } from '#core/recipe';
import type { ModelNode } from '#stores/state';
import type { Origin, OriginStep } from '#worker/protocol-ensembles';

type Nodes = Readonly<Record<string, ModelNode>>;
type OriginOf<K extends ModelNode['origin']['kind']> = Extract<ModelNode['origin'], { kind: K }>;

/** Something that a node came of, or the node itself, cannot be made anew. */
export interface Unknown {
  readonly kind: 'unknown';
  /** What cannot; '' where it is not there any more. */
  readonly name: string;
  /** Null: it was opened, so nobody knows its training images. */
  readonly why: Words | null;
}

/** Null where it cannot be made anew, or where the node is not there. */
export function originOf(nodes: Nodes, id: string): Origin | null {
  const traced = trace(nodes, id);
  return traced.kind === 'unknown' ? null : traced;
}
/** Why a node cannot be made anew; null where it can. */
export function whyUnknown(nodes: Nodes, id: string): Unknown | null {
  const traced = trace(nodes, id);
  return traced.kind === 'unknown' ? traced : null;
}

function trace(nodes: Nodes, id: string): Origin | Unknown {
  const node = nodes[id];
  if (!node) return { kind: 'unknown', name: '', why: GONE };
  const { origin, parent, name } = node;
  switch (origin.kind) {
    case 'template':
      return { kind: 'model', start: node.model, steps: [] };
    case 'trained':
      return after(nodes, parent, { kind: 'trained', settings: origin.settings });
    case 'recipe': {
      const named = new Set(origin.recipe.steps.flatMap(nodesNamed).filter((one) => nodes[one]));
      const teachers = allKnown([...named].map((one) => trace(nodes, one)));
      if ('kind' in teachers) return teachers;
      return after(nodes, parent, {
        kind: 'recipe',
        recipe: origin.recipe,
        teachers: Object.fromEntries([...named].map((one, at) => [one, teachers[at] as Origin])),
      });
    }
    case 'combined': {
      if (origin.making !== undefined) return madeTogether(nodes, name, origin);
      const { way, values } = origin;
      const members = allKnown(origin.parents.map((one) => trace(nodes, one)));
      return 'kind' in members ? members : { kind: 'combined', way, values, members };
    }
    case 'made':
      return made(nodes, name, origin, origin.member);
    case 'trees': {
      const { method, values, parents } = origin;
      const { features } = node.summary.trees ?? { features: 'pixels' };
      if (features === 'pixels') return { kind: 'trees', method, values, looked: null };
      const at = trace(nodes, parents[0] ?? '');
      return at.kind === 'unknown' ? at : { kind: 'trees', method, values, looked: { at, layer: features.layer } };
    }
    case 'opened':
      return { kind: 'unknown', name, why: null };
    default:
      throw origin satisfies never;
  }
}

/** All of them, or the first that is not known. */
function allKnown(traced: readonly (Origin | Unknown)[]): readonly Origin[] | Unknown {
  const lost = traced.find((one): one is Unknown => one.kind === 'unknown');
  return lost ?? (traced as readonly Origin[]);
}

/** An ensemble as making its members gave it: what was made, and with what, stands on those members. */
function madeTogether(nodes: Nodes, name: string, { making, parents }: OriginOf<'combined'>): Origin | Unknown {
  for (const parent of parents) {
    const origin = nodes[parent]?.origin;
    if (origin?.kind === 'made' && origin.making === making) return made(nodes, name, origin, null);
  }
  return { kind: 'unknown', name, why: makingById(making ?? '').cannotAgain?.(null, 1, {}) ?? GONE };
}

function made(nodes: Nodes, name: string, origin: OriginOf<'made'>, member: number | null): Origin | Unknown {
  const { making: id, values, seed, parents } = origin;
  const making = makingById(id);
  const own = clampValues(making.params, values);
  const why = making.cannotAgain?.(member, parents.length, own);
  if (why) return { kind: 'unknown', name, why };
  // What else it was given was not made into members.
  const networks = parents.filter(
    (one) => nodes[one]?.summary.kind !== 'ensemble' && nodes[one]?.summary.kind !== 'trees',
  );
  const isAfresh = making.isAfresh?.(own) ?? false;
  const models = allKnown(networks.map((one) => (isAfresh ? structure(nodes, one) : trace(nodes, one))));
  if ('kind' in models) return models;
  if (models.length === 0) return { kind: 'unknown', name, why: GONE };
  return { kind: 'made', making: id, values, seed, member, models };
}

/**
 * A network that is needed for its structure only. Training does not change that, and of a file it is all that counts;
 * a recipe may have found it by looking at images.
 */
function structure(nodes: Nodes, id: string): Origin | Unknown {
  const node = nodes[id];
  const traced = trace(nodes, id);
  const wasCut = traced.kind === 'model' && traced.steps.some(({ kind }) => kind === 'recipe');
  return wasCut || !node ? traced : { kind: 'model', start: node.model, steps: [] };
}

function after(nodes: Nodes, parent: string | null, step: OriginStep): Origin | Unknown {
  const before = trace(nodes, parent ?? '');
  if (before.kind === 'model') return { ...before, steps: [...before.steps, step] };
  return before.kind === 'made' ? { kind: 'model', start: before, steps: [step] } : unknownOf(before);
}
const unknownOf = (before: Origin | Unknown): Unknown =>
  before.kind === 'unknown' ? before : { kind: 'unknown', name: '', why: GONE };

/** The nodes that a step's predictor parameters name. */
function nodesNamed({ pass, values }: RecipeStep): readonly string[] {
  const params = (passById(pass)?.params ?? {}) as Readonly<Record<string, Param>>;
  return Object.keys(params).flatMap((key) => {
    const name = values[key];
    return params[key]?.kind === 'predictor' && typeof name === 'string' && name !== '' ? [name] : [];
  });
}

const GONE: Words = {
  en: 'What it was made from is not on the page any more.',
  zh: '它的来源已不在页面上。',
};
