/** How often the label is among the first few answers. */

/**
 * Share of images whose label is among the k largest of its row, 0 to 1; of equal values the lower class comes first. Not
 * a number for no images.
 */
export function topK(logits: ArrayLike<number>, labels: ArrayLike<number>, classes: number, k: number): number {
  const images = logits.length / classes;
  let right = 0;
  for (let i = 0; i < images; i++) {
    const label = labels[i] as number;
    const own = logits[i * classes + label] as number;
    let before = 0;
    for (let c = 0; c < classes; c++) {
      const other = logits[i * classes + c] as number;
      if (other > own || (other === own && c < label)) before++;
    }
    if (before < k) right++;
  }
  return right / images;
}
