/** Names of models where there is little room for them. */

/**
 * A long name keeps its beginning and as many as fit of the things done last, which tell it from its siblings: "LeNet-5, …,
 * 8 bits". One of few parts is cut off. A number stays with its unit.
 */
export function shortened(name: string, longest: number): string {
  const whole = name.replaceAll(/(\d) (?=%|[kMG]?B\b|bits?\b)/g, '$1\u00a0');
  if (whole.length <= longest) return whole;
  const [first, ...rest] = whole.split(', ') as [string, ...string[]];
  for (let from = 1; from < rest.length; from++) {
    const ends = [first, '…', ...rest.slice(from)].join(', ');
    if (ends.length <= longest) return ends;
  }
  return `${whole.slice(0, longest - 1)}…`;
}
