/**
 * The id of a whole model: a hash of its structure (which names its tensors by content id) and of what is known about it. The name is
 * left out, so a renamed model is the same model to every cache and to the vault.
 */
import type { Model } from '#core/model/model';
import { hashHex, hashText } from '#core/numeric/hash';

/** 32 hexadecimal digits. Equal structure, weights and encodings: equal id. */
export function modelId(model: Model): string {
  const { layers, inputs, outputs, layout, meta, activationGrids } = model;
  return hashHex(hashText(canonicalJson({ layers, inputs, outputs, layout, meta, activationGrids })));
}

/** JSON with the keys of every object in order, so that the order of making does not matter. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, held: unknown) => {
    if (typeof held === 'number') return Number.isFinite(held) ? held : String(held);
    if (held === null || typeof held !== 'object' || Array.isArray(held)) return held;
    return Object.fromEntries(Object.entries(held).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}
