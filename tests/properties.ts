/**
 * fast-check with one seed, so that a run of the tests finds what the run before it found. `PROPERTY_SEED=random` looks at
 * other examples, `PROPERTY_SEED=12345` at those of a run that failed.
 */
import { randomInt } from 'node:crypto';
import fc from 'fast-check';

const wanted = process.env['PROPERTY_SEED'] ?? '1';
const seed = wanted === 'random' ? randomInt(2 ** 31) : Number(wanted);
if (!Number.isInteger(seed)) throw new Error(`PROPERTY_SEED is ${wanted}: give a whole number, or "random".`);
fc.configureGlobal({ seed });

export default fc;
