/** The part of the protocol that is about how good a predictor is, and which of two is better. */

// biome-ignore lint/suspicious/noEmptyInterface: its calls follow
export interface EvaluationCalls {}
