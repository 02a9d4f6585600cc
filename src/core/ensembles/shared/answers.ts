/** Which class a row of logits or probabilities answers with. */

/** [images]: the index of the largest of each row; the lowest of equal ones. */
export function answersIn(values: ArrayLike<number>, classes: number): Uint32Array {
  const answers = new Uint32Array(values.length / classes);
  for (let i = 0; i < answers.length; i++) {
    let best = 0;
    for (let c = 1; c < classes; c++)
      if ((values[i * classes + c] as number) > (values[i * classes + best] as number)) best = c;
    answers[i] = best;
  }
  return answers;
}
