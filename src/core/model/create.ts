/**
 * From an architecture to a model with fresh weights, and the running commentary that the layer editor shows while an
 * architecture is being edited. How weights start is in `model/rows`.
 */
import type { Architecture, Row, RowKind } from '#core/architecture';
import { macsOf } from '#core/metrics/operations';
import type { Layer, TensorRole } from '#core/model/layers';
import type { Model, Tensor, TensorId } from '#core/model/model';
import { type PlannedLayer, planner } from '#core/model/rows';
import { type Shape, ShapeError } from '#core/model/shapes';
import { makeTensor, sizeOf } from '#core/model/tensor';
import { derivedSeed, seededRandom } from '#core/numeric/random';
import type { Words } from '#core/params';

/** What a row comes to. `shape` is null from the first fault on. */
export interface RowCheck {
  readonly shape: Shape | null;
  readonly parameters: number;
  /** For one image. */
  readonly macs: number;
  readonly fault: Words | null;
}
export interface ArchitectureCheck {
  readonly rows: readonly RowCheck[];
  readonly parameters: number;
  readonly macs: number;
  /** The first fault, naming its row; null where the architecture can be built. */
  readonly fault: Words | null;
}

const LARGEST_MODEL = 50_000_000;

/** Never throws: what cannot be built is a fault on its row. */
export function checkArchitecture(architecture: Architecture): ArchitectureCheck {
  const rows: RowCheck[] = [];
  const whole = (fault: Words | null): ArchitectureCheck => ({
    rows,
    parameters: rows.reduce((sum, row) => sum + row.parameters, 0),
    macs: rows.reduce((sum, row) => sum + row.macs, 0),
    fault,
  });
  const unknown: RowCheck = { shape: null, parameters: 0, macs: 0, fault: null };
  const rest = (): void => {
    while (rows.length < architecture.rows.length) rows.push(unknown);
  };
  try {
    const plan = planner(architecture);
    let shape = plan.input.shape;
    for (const [at, row] of architecture.rows.entries()) {
      const check = checkRow(() => plan.add(row, at));
      const last = at === architecture.rows.length - 1;
      const fault =
        check.fault ??
        (last ? resultFault(check.shape as Shape, architecture.classes) : null) ??
        sizeFault(rows, check);
      rows.push({ ...check, shape: check.fault ? null : check.shape, fault });
      if (fault) {
        rest();
        return whole(rowFault(at, fault));
      }
      shape = check.shape as Shape;
    }
    return whole(architecture.rows.length === 0 ? resultFault(shape, architecture.classes) : null);
  } catch (error) {
    rest();
    const words = error instanceof ShapeError ? error.words : { en: 'it cannot be read.', zh: '无法读取。' };
    return whole({ en: `The input: ${words.en}`, zh: `输入：${words.zh}` });
  }
}

/**
 * A model with fresh weights; the same architecture and seed give the same ones on every machine. Throws ShapeError
 * where `checkArchitecture` finds a fault.
 */
export function createModel(architecture: Architecture, seed: number): Model {
  const check = checkArchitecture(architecture);
  if (check.fault) throw new ShapeError(architecture.name, check.fault);
  const plan = planner(architecture);
  const planned: PlannedLayer[] = [plan.input];
  for (const [at, row] of architecture.rows.entries()) planned.push(...plan.add(row, at));
  const { fused, added } = plan.finish();
  if (fused) planned[planned.length - 1] = fused;
  planned.push(...added);

  const tensors: Record<TensorId, Tensor> = {};
  const layers = planned.map((item): Layer => {
    const ids: Partial<Record<TensorRole, TensorId>> = {};
    for (const { role, shape, start } of item.tensors) {
      const data = new Float32Array(sizeOf(shape));
      if (start.kind === 'constant') {
        data.fill(start.value);
      } else {
        const random = seededRandom(derivedSeed(seed, `${item.layer.name}/${role}`));
        for (let i = 0; i < data.length; i++) data[i] = (2 * random() - 1) * start.limit;
      }
      const tensor = makeTensor(shape, data);
      tensors[tensor.id] = tensor;
      ids[role] = tensor.id;
    }
    return { ...item.layer, ...ids } as Layer;
  });
  return {
    name: architecture.name,
    layers,
    inputs: [plan.input.layer.name],
    outputs: [(layers[layers.length - 1] as Layer).name],
    tensors,
    layout: 'nhwc',
    meta: { source: 'template' },
  };
}

/** Rows that a fresh architecture may be given by the editor, with settings that fit most places. */
export const FRESH_ROWS: Readonly<Record<RowKind, Row>> = {
  conv2d: { kind: 'conv2d', filters: 16, kernel: 3, stride: 1, padding: 'same', activation: 'relu', bias: true },
  depthwiseConv2d: { kind: 'depthwiseConv2d', kernel: 3, stride: 1, padding: 'same', activation: 'relu', bias: true },
  dense: { kind: 'dense', units: 64, activation: 'relu', bias: true },
  maxPool2d: { kind: 'maxPool2d', size: 2, stride: 2, padding: 'valid' },
  averagePool2d: { kind: 'averagePool2d', size: 2, stride: 2, padding: 'valid' },
  globalAveragePool2d: { kind: 'globalAveragePool2d' },
  batchNorm: { kind: 'batchNorm' },
  activation: { kind: 'activation', activation: 'relu' },
  dropout: { kind: 'dropout', rate: 0.25 },
  flatten: { kind: 'flatten' },
  residualAdd: { kind: 'residualAdd', from: 0 },
};

function checkRow(plan: () => readonly PlannedLayer[]): RowCheck {
  try {
    const planned = plan();
    let parameters = 0;
    let macs = 0;
    for (const { layer, tensors, shape } of planned) {
      for (const tensor of tensors) parameters += sizeOf(tensor.shape);
      macs += macsOf(layer, shape, (id) => tensors.find((tensor) => tensor.role === id)?.shape);
    }
    return { shape: (planned[planned.length - 1] as PlannedLayer).shape, parameters, macs, fault: null };
  } catch (error) {
    const fault =
      error instanceof ShapeError ? error.words : { en: 'this row cannot be read.', zh: '无法读取这一行。' };
    return { shape: null, parameters: 0, macs: 0, fault };
  }
}

function resultFault(shape: Shape, classes: number): Words | null {
  if (!Number.isSafeInteger(classes) || classes < 2)
    return { en: `there must be at least 2 classes, not ${classes}.`, zh: `类别数至少为 2，而不是 ${classes}。` };
  if (shape.length !== 1) {
    return {
      en: `the last row gives [${shape.join(', ')}]; it must give ${classes} numbers, one for each class. End with Flatten or global pooling and a dense layer of ${classes}.`,
      zh: `最后一行输出 [${shape.join(', ')}]；它必须输出 ${classes} 个数，每个类别一个。请以展平或全局池化加上 ${classes} 个单元的全连接层结尾。`,
    };
  }
  if (shape[0] !== classes) {
    return {
      en: `the last row gives ${shape[0]} numbers; it must give ${classes}, one for each class.`,
      zh: `最后一行输出 ${shape[0]} 个数；它必须输出 ${classes} 个，每个类别一个。`,
    };
  }
  return null;
}

function sizeFault(rows: readonly RowCheck[], next: RowCheck): Words | null {
  const parameters = rows.reduce((sum, row) => sum + row.parameters, next.parameters);
  if (parameters <= LARGEST_MODEL) return null;
  return {
    en: `with it the model has ${parameters} parameters; a browser can train at most ${LARGEST_MODEL}.`,
    zh: `加上它模型共有 ${parameters} 个参数；浏览器最多能训练 ${LARGEST_MODEL} 个。`,
  };
}

function rowFault(at: number, fault: Words): Words {
  return { en: `Row ${at + 1}: ${fault.en}`, zh: `第 ${at + 1} 行：${fault.zh}` };
}
