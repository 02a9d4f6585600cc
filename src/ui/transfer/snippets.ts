/** How an exported file is used in its own runtime: a few lines that work as they are. */
import type { FormatId } from '#worker/protocol';

interface Snippet {
  readonly language: string;
  readonly code: string;
}

/** `input` without the batch, e.g. [28, 28, 1]; `fileName` as downloaded. */
export function snippet(format: FormatId, fileName: string, input: readonly number[]): Snippet {
  switch (format) {
    case 'tfjs-layers':
      return {
        language: 'JavaScript',
        code: `// unzip ${fileName} beside your page
import * as tf from '@tensorflow/tfjs';
const model = await tf.loadLayersModel('model.json');
// pixels from 0 to 1, shape [1, ${input.join(', ')}]
const probabilities = model.predict(pixels);`,
      };
    case 'keras-h5':
      return {
        language: 'Python',
        code: `import keras
model = keras.models.load_model("${fileName}")
# pixels from 0 to 1, shape (1, ${input.join(', ')})
probabilities = model.predict(pixels)`,
      };
    case 'whittle':
      return {
        language: 'JavaScript',
        code: `import * as tf from '@tensorflow/tfjs';
import { loadWhittle } from './whittle-loader.js';
const model = await loadWhittle(tf, '${fileName}');
// pixels from 0 to 1, shape [1, ${input.join(', ')}]
const probabilities = model.predict(pixels);`,
      };
    default:
      throw format satisfies never;
  }
}

/** The same for a zip of members with what asks them. */
export function ensembleSnippet(fileName: string, input: readonly number[]): Snippet {
  return {
    language: 'JavaScript',
    code: `// unzip ${fileName} beside your page
import * as tf from '@tensorflow/tfjs';
import { loadEnsemble } from './loader.js';
const ensemble = await loadEnsemble(tf, 'manifest.json');
// pixels from 0 to 1, shape [1, ${input.join(', ')}]
const { answers, probabilities } = await ensemble.ask(pixels);`,
  };
}
