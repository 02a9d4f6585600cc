/**
 * The optimiser's step: plain descent, momentum (Polyak 1964) and Adam (Kingma and Ba 2015). Parameters, gradients,
 * moments and masks each lie one behind the other, so one dispatch updates them all.
 */
import { sizeOf } from '#core/model/tensor';
import type { Optimizer } from '#core/objective';
import { optimizerGroups } from '#engine/arena';
import { type Fields, float, type Kernels } from '#engine/backends/webgpu/kernel';

/** Values that lie side by side in every group: the addresses [param, gradient, first, second, mask], -1 where absent. */
interface Stretch {
  readonly at: readonly number[];
  count: number;
}

/** Place of the mask in a stretch. */
const MASK = 4;

function numbers(optimizer: Optimizer): Fields {
  switch (optimizer.kind) {
    case 'sgd':
      return {};
    case 'momentum':
      return { mu: float(optimizer.momentum) };
    case 'adam': {
      const { beta1, beta2, epsilon } = optimizer;
      const rest = { a1: float(1 - beta1), b1: float(1 - beta2), epsilon: float(epsilon) };
      return { a: float(beta1), b: float(beta2), ...rest };
    }
    default:
      throw optimizer satisfies never;
  }
}

function bodyText(kind: Optimizer['kind'], masked: boolean): string {
  const only = (value: string): string => (masked ? `select(0.0, ${value}, keep)` : value);
  const start = `  let rate = A[p.rate];
${masked ? '  let keep = A[p.mask + i] != 0.0;\n' : ''}  let g = ${only('A[p.grad + i]')};`;
  switch (kind) {
    case 'sgd':
      return `${start}\n  A[p.param + i] -= rate * g;`;
    case 'momentum':
      return `${start}
  let v = ${only('p.mu * A[p.first + i] + g')};
  A[p.first + i] = v;
  A[p.param + i] -= rate * v;`;
    case 'adam':
      return `${start}
  let m = ${only('p.a * A[p.first + i] + p.a1 * g')};
  let v = ${only('p.b * A[p.second + i] + p.b1 * (g * g)')};
  A[p.first + i] = m;
  A[p.second + i] = v;
  A[p.param + i] -= rate * m / (sqrt(v) + p.epsilon);`;
    default:
      throw kind satisfies never;
  }
}

export const updateKernels: Kernels<'optimize'> = {
  optimize(w, step) {
    const [params, ...others] = optimizerGroups(step);
    const [rate] = step.inputs;
    const stretches: Stretch[] = [];
    params.forEach((param, i) => {
      const slots = [param, ...others.map((group) => group[i])];
      const at = slots.map((slot) => (slot === undefined || slot < 0 ? -1 : w.at(slot)));
      at[MASK] = step.op.masked[i] ? (at[MASK] ?? -1) : w.onesFor(param);
      const count = Math.ceil(sizeOf(w.shape(param)) / 4) * 4;
      const before = stretches.at(-1);
      const joins = before?.at.every((start, group) => {
        const here = at[group] ?? -1;
        return start < 0 ? here < 0 : here === start + before.count;
      });
      if (before && joins) before.count += count;
      else stretches.push({ at, count });
    });
    const { optimizer } = step.op;
    for (const { at, count } of stretches) {
      const [param = 0, grad = 0, first = -1, second = -1, mask = -1] = at;
      const fields: Record<string, Fields[string]> = { rate: w.at(rate), param, grad, ...numbers(optimizer) };
      if (first >= 0) fields['first'] = first;
      if (second >= 0) fields['second'] = second;
      if (mask >= 0) fields['mask'] = mask;
      w.map(
        `optimize ${optimizer.kind}${mask >= 0 ? ' masked' : ''}`,
        count,
        fields,
        bodyText(optimizer.kind, mask >= 0),
      );
    }
  },
};
