/** The words of the field that stand on the page, each in a sentence or two. */
export const glossary = {
  title: 'Words used here',
  terms: {
    parameter: 'Parameter',
    nonZero: 'Non-zero',
    macs: 'MACs',
    sparsity: 'Sparsity',
    validation: 'Validation',
    interval: '95 % interval',
    latency: 'Latency',
    took: 'Took',
    logits: 'Logits',
    calibration: 'Calibration',
    teacher: 'Teacher',
    student: 'Student',
    ensemble: 'Ensemble',
    disagreement: 'Disagreement',
    qStatistic: 'Q-statistic',
  },
  means: {
    parameter:
      'A number that the network has learned. Weights and biases are parameters; more of them make a larger file.',
    nonZero: 'Parameters that are not exactly 0. Zeros need hardly any room in a compressed file.',
    macs: 'Multiply-accumulates: multiplications with an addition, for one image. The usual measure of work.',
    sparsity: 'The share of weights that are exactly 0. At 90 % one weight in ten is left.',
    validation:
      'Images that were never trained on and that everything is chosen by. Test images are others, looked at once for each model.',
    interval:
      'How much chance is in a measurement on so many images: in 95 of 100 such measurements the true value is within.',
    latency: 'The time from one image to its answer, on this device: the median of 30 runs.',
    took: 'The time in which a model was made from what it came from, by this computer’s clock: training it, or a method with its measuring. Evaluate adds up the training.',
    logits:
      'The numbers that a network gives, one for each class, before they are made into probabilities. The largest is its answer.',
    calibration: 'Running some training images through the network to see how large its activations become.',
    teacher: 'A trained network whose answers another one learns from.',
    student: 'The network that learns from a teacher; mostly a smaller one.',
    ensemble: 'Several models that answer together. The models in it are its members.',
    disagreement:
      'The share of images on which exactly one of two models is right. The more often they disagree, the more they can correct each other.',
    qStatistic:
      'Yule’s Q, from −1 to 1: whether two models err on the same images. 0 means that the errors of one say nothing about those of the other.',
  },
};
