/**
 * The engine's suite: what every backend promises, as a list of cases that know no test runner. Node runs it on cpu
 * and wasm, Chromium on webgpu and webgl.
 */
import { captureCases } from './suite/cases-capture';
import { convolutionCases } from './suite/cases-convolution';
import { dataCases } from './suite/cases-data';
import { elementCases } from './suite/cases-elements';
import { encodingCases } from './suite/cases-encodings';
import { trainingCases } from './suite/cases-training';
import type { Case } from './suite/run';

export const SUITE: readonly Case[] = [
  ...convolutionCases,
  ...elementCases,
  ...encodingCases,
  ...trainingCases,
  ...dataCases,
  ...captureCases,
];
