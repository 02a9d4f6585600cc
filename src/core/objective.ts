/**
 * What a training run minimises, as data. How masks, grids and codebooks behave follows from the tensors' encodings:
 * a mask zeroes the gradient and the moments of pruned weights, a grid trains a dense copy behind straight-through
 * rounding (it starts from the tensor's values, which may lie off the grid here), a codebook trains its centroids with
 * gradients summed over their members.
 */
import type { Model } from '#core/model/model';
import type { Predictor } from '#core/predictor';

/** Cross-entropy with the labels: mean over the batch of -log softmax(logits)[label]. */
export interface CrossEntropyTerm {
  readonly kind: 'crossEntropy';
  readonly weight: number;
  /** 0 to 1, 1 excluded: the share of each label spread evenly over all classes. */
  readonly labelSmoothing?: number;
}
/** Hinton 2015: weight * T^2 * KL(softmax(teacher / T) || softmax(student / T)), mean over the batch. */
export interface DistillationTerm {
  readonly kind: 'distillation';
  readonly weight: number;
  /** The part of the weight (0 to 1) to which it falls evenly over the run, as in FitNets; it stays as it is by default. */
  readonly fallsTo?: number;
  readonly temperature: number;
  readonly teacher: Predictor;
}
/** Ba and Caruana 2014: weight * the mean over the classes of (teacher's logit - student's)^2, mean over the batch. */
export interface LogitErrorTerm {
  readonly kind: 'logitError';
  readonly weight: number;
  readonly teacher: Predictor;
}
/**
 * Romero 2015 (FitNets): weight * the mean of (r(student layer's output) - teacher layer's output)^2 over the layer's
 * values and the batch. The regressor r is trained along and left out of the result: between images a convolution
 * without padding, as large as brings the student's height and width down to the teacher's (1 x 1 where they are
 * equal), else a dense layer.
 */
export interface HintTerm {
  readonly kind: 'hint';
  readonly weight: number;
  readonly teacher: Predictor;
  readonly teacherLayer: string;
  readonly studentLayer: string;
}
/** Two layers, each an image of the same height and width; the channels may differ. */
export interface AttentionPair {
  readonly teacherLayer: string;
  readonly studentLayer: string;
}
/**
 * Zagoruyko 2017: weight * the sum over the pairs of ||q_s / ||q_s|| - q_t / ||q_t|| ||^2, mean over the batch; q is an
 * image's map, at each pixel the sum over the channels of the squared output.
 */
export interface AttentionTerm {
  readonly kind: 'attention';
  readonly weight: number;
  readonly teacher: Predictor;
  readonly pairs: readonly AttentionPair[];
}
export type LossTerm = CrossEntropyTerm | DistillationTerm | LogitErrorTerm | HintTerm | AttentionTerm;

export type Optimizer =
  | { readonly kind: 'sgd' }
  | { readonly kind: 'momentum'; readonly momentum: number }
  | { readonly kind: 'adam'; readonly beta1: number; readonly beta2: number; readonly epsilon: number };

export const ADAM: Optimizer = { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };

/** Learning rate over the run; `step` runs from 0 to steps - 1. */
export type LearningRateSchedule = { readonly kind: 'constant' } | { readonly kind: 'cosine' };

export interface Objective {
  readonly model: Model;
  readonly loss: readonly LossTerm[];
  readonly optimizer: Optimizer;
  readonly learningRate: number;
  readonly schedule: LearningRateSchedule;
  readonly epochs: number;
  readonly batchSize: number;
  /** Seeds the order of the images and the dropout noise. */
  readonly seed: number;
  /** Adds l1 * sum |w| + l2 * sum w^2 over kernels to what is minimised (not to the loss shown). */
  readonly l1: number;
  readonly l2: number;
  /** Names of layers whose tensors stay as they are; their batch normalisation uses its moving statistics. */
  readonly frozen?: readonly string[];
  /** Gradients reach pruned weights too (Guo 2016, dynamic network surgery): a float copy trains on behind the mask. */
  readonly regrow?: boolean;
  /**
   * Names of layers whose codebooks stay as they are: each weight has a float copy behind them, which the gradient of its
   * shared value reaches straight through, and a hook gathers the copies anew. In all other layers the centroids are trained.
   */
  readonly reassign?: readonly string[];
  /** The steps of grids are trained (Esser 2020, learned step size), their gradients scaled by 1 / sqrt(n qMax). */
  readonly learnSteps?: boolean;
  /**
   * Names of layers whose kernels, on symmetric grids of one step 1 / qMax, are bounded before they are rounded (Zhou 2016, DoReFa; see
   * `numeric/bounded`): the float copy goes through tanh and is divided by its largest value, straight through the rounding. Steps are not learned there.
   */
  readonly bounded?: readonly string[];
  /** Adds groupLasso * sum over output channels g of sqrt(size of g) * ||w_g||_2 over kernels to what is minimised. */
  readonly groupLasso?: number;
  readonly augment?: Augmentation;
  /**
   * [training images]: how much each image counts in every term, 1 being the usual; their mean over the rows that take part
   * should be 1, so that the learning rate means the same. Not together with labels and teachers on different images.
   */
  readonly sampleWeights?: Float32Array;
  readonly data?: TrainingData;
}

/** How each image is changed before every step, by seed. */
export interface Augmentation {
  /** Moved by whole pixels, uniform in [-shift, shift] on each axis; zeros come in. */
  readonly shift: number;
}

/** Which training images take part, and in what. */
export interface TrainingData {
  /** Only so many images, stratified and chosen by the seed, keep their labels. All by default. */
  readonly labelled?: number;
  /**
   * What the terms with a teacher see: the images with labels (the default), all training images, or uniform noise. Where
   * that is not what the terms with labels see, half of every batch is for each; an epoch shows the teacher's images once.
   */
  readonly transfer?: 'labelled' | 'all' | 'noise';
  /** Classes whose images are left out altogether. */
  readonly without?: readonly number[];
  /** Only these training images take part, as often as they are named (a bootstrap sample, the rows outside a fold). */
  readonly rows?: Uint32Array;
}

/** A point of a training run. Losses are means over images, accuracies are shares from 0 to 1. */
export interface TrainPoint {
  /** Batches done since the start of the run. */
  readonly step: number;
  /** Epochs done, with its fraction. */
  readonly epoch: number;
  readonly trainLoss: number;
  /** Not a number where no image in training has a label. */
  readonly trainAccuracy: number;
  readonly validationLoss?: number;
  readonly validationAccuracy?: number;
  /** How many validation images the figure rests on. */
  readonly validationImages?: number;
}
