/**
 * The several ways in which Keras has written which outputs a layer reads: lists of [name, node, tensor] (Keras 2 and
 * TensorFlow.js) and trees of __keras_tensor__ objects (Keras 3). All become plain references.
 */
import { isObject, type JsonObject, own } from '#formats/json';

/** Output `tensor` of call `node` of a layer. */
export interface Reference {
  readonly layer: string;
  readonly node: number;
  readonly tensor: number;
}
/** What one call reads, in order. */
export type Call = readonly Reference[];

/** The calls in a layer's inbound_nodes; null where they cannot be understood. */
export function readCalls(inboundNodes: unknown): readonly Call[] | null {
  if (!Array.isArray(inboundNodes)) return null;
  // One call with one input, written without the two outer lists.
  const single = readReference(inboundNodes);
  if (single) return [[single]];
  const calls: Call[] = [];
  for (const node of inboundNodes) {
    const call = isObject(node) ? tensorsIn(own(node, 'args')) : readReferences(node);
    if (!call || call.length === 0) return null;
    calls.push(call);
  }
  return calls;
}

/** A list of references, one reference, or an object of named ones; null where it is none of these. */
export function readReferences(value: unknown): readonly Reference[] | null {
  if (isObject(value)) return readReferences(Object.values(value));
  if (!Array.isArray(value)) return null;
  const single = readReference(value);
  if (single) return [single];
  const all = value.map(readReference);
  return all.every((ref) => ref !== null) ? all : null;
}

function readReference(value: unknown): Reference | null {
  if (!Array.isArray(value) || typeof value[0] !== 'string') return null;
  const [layer, node = 0, tensor = 0] = value as [string, unknown, unknown];
  return isIndex(node) && isIndex(tensor) ? { layer, node, tensor } : null;
}

/** The __keras_tensor__ objects in a call's arguments, in order. */
function tensorsIn(args: unknown): Call | null {
  const found: Reference[] = [];
  const stack: unknown[] = [args];
  while (stack.length > 0) {
    const value = stack.pop();
    if (Array.isArray(value)) for (let i = value.length - 1; i >= 0; i--) stack.push(value[i]);
    else if (isObject(value) && own(value, 'class_name') === '__keras_tensor__') {
      const config = own(value, 'config');
      const ref = isObject(config) ? readReference(own(config as JsonObject, 'keras_history')) : null;
      if (!ref) return null;
      found.push(ref);
    }
  }
  return found;
}

function isIndex(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0;
}
