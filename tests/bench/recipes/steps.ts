/** Steps that many recipes have. */
import type { RecipeStep } from '#core/recipe';
import type { Stage } from './row';
import { step } from './row';

/** As the papers trained: no augmentation. */
export const plain = (epochs: number): RecipeStep =>
  step('fine-tuning', { epochs, learningRate: 0.001, batchSize: 64 });
/** Images are moved by up to 2 pixels. */
export const moved = { learningRate: 0.001, batchSize: 64, shift: 2 };
export const trained = (epochs: number, learningRate = 0.001): RecipeStep =>
  step('fine-tuning', { ...moved, epochs, learningRate });
/** From a teacher's answers, softened at 4, and a little from the labels. */
export const soft = { temperature: 4, softWeight: 0.9 };
export const AUGMENTED = 'Images are moved by up to 2 pixels in training, which the papers did not do.';

export const FOLD = step('fold-batch-norm', {});
export const DENSE: Stage = { name: 'dense', steps: [trained(6)] };
/** The teacher of other rows. */
export const TEACHER = 'lenet-5-small/dense';
export const distilled = (epochs: number, values: RecipeStep['values'] = {}): RecipeStep =>
  step('distillation', { ...moved, ...soft, teacher: TEACHER, student: 'same', epochs, ...values });
