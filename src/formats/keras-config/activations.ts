/**
 * Keras' names for activations and ours. A name that means different things in different Keras versions is only
 * accepted where the meaning is ours.
 */
import type { Activation } from '#core/model/layers';
import { isObject, type JsonObject, own } from '#formats/json';

/** An activation that Keras can name in a layer's `activation` setting. */
const BY_NAME: ReadonlyMap<string, Activation> = new Map<string, Activation>([
  ['linear', { fn: 'linear' }],
  ['relu', { fn: 'relu' }],
  ['relu6', { fn: 'relu', max: 6 }],
  ['sigmoid', { fn: 'sigmoid' }],
  ['tanh', { fn: 'tanh' }],
  ['exponential', { fn: 'exponential' }],
  ['softmax', { fn: 'softmax' }],
  ['elu', { fn: 'elu' }],
  ['selu', { fn: 'selu' }],
  ['softplus', { fn: 'softplus' }],
  ['softsign', { fn: 'softsign' }],
  ['swish', { fn: 'swish' }],
  ['silu', { fn: 'swish' }],
  ['gelu', { fn: 'gelu' }],
]);

/** Our activation for a setting's value; null where we have none (`nameOf` says what it was). */
export function readActivation(value: unknown, keras3: boolean): Activation | null {
  if (value === null || value === undefined) return { fn: 'linear' };
  if (isObject(value)) return readActivationObject(value, keras3);
  if (typeof value !== 'string') return null;
  // Keras 3 changed the slope of the hard sigmoid; TensorFlow.js writes it in camel case.
  if (value === 'hard_sigmoid' || value === 'hardSigmoid') return keras3 ? null : { fn: 'hardSigmoid' };
  if (value === 'leaky_relu') return { fn: 'leakyRelu', alpha: 0.2 };
  return BY_NAME.get(value) ?? null;
}

/** Activations as objects: a named function, or an activation layer used as a function. */
function readActivationObject(value: JsonObject, keras3: boolean): Activation | null {
  const className = own(value, 'class_name');
  const config = own(value, 'config');
  if (className === 'function') return readActivation(config, keras3);
  if (!isObject(config)) return typeof className === 'string' ? readActivation(className, keras3) : null;
  if (className === 'Activation') return readActivation(own(config, 'activation'), keras3);
  if (className === 'ReLU') return readRelu(config);
  if (className === 'LeakyReLU') return readLeakyRelu(config);
  if (typeof className === 'string' && Object.keys(config).length === 0) return readActivation(className, keras3);
  return null;
}

/** ReLU with a clip or a slope, but not both, and no threshold; null otherwise. */
export function readRelu(config: JsonObject): Activation | null {
  const max = own(config, 'max_value') ?? null;
  const slope = own(config, 'negative_slope') ?? 0;
  const threshold = own(config, 'threshold') ?? 0;
  if (threshold !== 0 || typeof slope !== 'number' || !(slope >= 0 && slope <= 1)) return null;
  if (max === null) return slope === 0 ? { fn: 'relu' } : { fn: 'leakyRelu', alpha: slope };
  if (typeof max !== 'number' || !(max > 0) || !Number.isFinite(max) || slope !== 0) return null;
  return { fn: 'relu', max };
}

export function readLeakyRelu(config: JsonObject): Activation | null {
  const slope = own(config, 'alpha') ?? own(config, 'negative_slope') ?? 0.3;
  return typeof slope === 'number' && slope >= 0 && slope <= 1 ? { fn: 'leakyRelu', alpha: slope } : null;
}

/** What a setting calls its activation, for a sentence. */
export function activationName(value: unknown): string {
  if (typeof value === 'string') return value;
  if (isObject(value)) {
    const config = own(value, 'config');
    if (typeof config === 'string') return config;
    const className = own(value, 'class_name');
    if (typeof className === 'string') return className;
  }
  return 'unnamed';
}

/** The name under which a plain activation goes into an `activation` setting; null where it needs a layer of its own. */
export function writeActivation({ fn, alpha, max }: Activation): string | null {
  switch (fn) {
    case 'relu':
      return max === undefined ? 'relu' : null;
    case 'elu':
      return alpha === undefined || alpha === 1 ? 'elu' : null;
    case 'leakyRelu':
      return null;
    case 'hardSigmoid':
      return 'hard_sigmoid';
    case 'linear':
    case 'sigmoid':
    case 'tanh':
    case 'exponential':
    case 'softmax':
    case 'selu':
    case 'softplus':
    case 'softsign':
    case 'swish':
    case 'gelu':
      return fn;
    default:
      throw fn satisfies never;
  }
}
