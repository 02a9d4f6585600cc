/**
 * Where every slot of a plan lies: offsets computed once, when the plan is compiled.
 *
 * First the persistent slots: trained values in the optimiser's order, then their gradients (temporary in the plan,
 * but never reused), then the moments, each group in the same order and padding, so that the optimiser goes over flat
 * memory; then the rest. Behind them the temporaries, which share room when their lives do not overlap. A reshape is an
 * alias, and an element-wise step writes over an input that nobody reads afterwards.
 */
import { sizeOf } from '#core/model/tensor';
import type { Plan, SlotId, Step } from '#engine/backend';

export interface Layout {
  /** Byte offset of each slot, a multiple of 16. */
  readonly offsets: readonly number[];
  /** Bytes from 0 that keep their content and start at zero. */
  readonly persistentBytes: number;
  readonly bytes: number;
}

/** Bytes of a slot, padded to whole vectors. */
export const bytesOf = (shape: readonly number[]): number => Math.ceil(sizeOf(shape) / 4) * 16;

/** Which input an element-wise step may write its first output over. */
function overwritable(step: Step, plan: Plan): SlotId | undefined {
  const input = (index: number): SlotId | undefined => step.inputs[index];
  switch (step.op.kind) {
    case 'activation':
    case 'activationGrad':
    case 'scale':
    case 'fakeQuantize':
      return input(0);
    case 'penaltyGrad':
      return input(1);
    case 'selectGrad':
      return input(2);
    case 'fakeQuantizeGrad':
    case 'fakeQuantizeScaleGrad':
      return input(3);
    case 'binary': {
      const [a, b] = step.inputs.map((slot) => plan.slots[slot]?.shape);
      return a && b && sizeOf(a) === sizeOf(b) ? input(0) : undefined;
    }
    default:
      return undefined;
  }
}

/** Slots that share their room, and the steps between which it is in use. */
interface Room {
  readonly slots: SlotId[];
  bytes: number;
  from: number;
  to: number;
  persistent: boolean;
}

function findRooms(plan: Plan): Room[] {
  const written = plan.slots.map(() => 0);
  const rooms: Room[] = plan.slots.map((slot, id) => ({
    slots: [id],
    bytes: bytesOf(slot.shape),
    from: Number.POSITIVE_INFINITY,
    to: -1,
    persistent: slot.life === 'persistent',
  }));
  plan.steps.forEach((step, at) => {
    for (const id of step.outputs) written[id] = (written[id] ?? 0) + 1;
    for (const id of [...step.inputs, ...step.outputs]) {
      const room = rooms[id];
      if (!room) throw new RangeError(`step ${at} (${step.op.kind}) names slot ${id}, which the plan lacks`);
      room.from = Math.min(room.from, at);
      room.to = Math.max(room.to, at);
    }
  });
  const join = (id: SlotId, other: SlotId): void => {
    const a = rooms[id];
    const b = rooms[other];
    if (!a || !b || a === b) return;
    a.from = Math.min(a.from, b.from);
    a.to = Math.max(a.to, b.to);
    for (const slot of b.slots) {
      a.slots.push(slot);
      rooms[slot] = a;
    }
  };
  for (const {
    op,
    inputs: [x],
    outputs: [y],
  } of plan.steps) {
    if (op.kind !== 'reshape' || x === undefined || y === undefined || rooms[y]?.persistent || written[y] !== 1)
      continue;
    // A value that some step changes must not be seen through its alias.
    if ((written[x] ?? 0) > (plan.slots[x]?.life === 'persistent' ? 0 : 1)) continue;
    if (
      rooms[x]?.persistent &&
      rooms[x].slots.some((slot) => (written[slot] ?? 0) > 0 && plan.slots[slot]?.life === 'persistent')
    )
      continue;
    join(x, y);
  }
  plan.steps.forEach((step, at) => {
    const over = overwritable(step, plan);
    const [y] = step.outputs;
    if (over === undefined || y === undefined) return;
    const x = rooms[over];
    const target = rooms[y];
    if (
      !x ||
      !target ||
      x === target ||
      x.persistent ||
      target.persistent ||
      x.to !== at ||
      target.from !== at ||
      x.bytes !== target.bytes
    )
      return;
    join(over, y);
  });
  return [...new Set(rooms)];
}

/** Gives each slot its place. Throws RangeError where a step names a slot that the plan lacks. */
export function layOut(plan: Plan): Layout {
  const offsets: number[] = plan.slots.map(() => -1);
  const rooms = findRooms(plan);
  const roomOf = new Map(rooms.flatMap((room) => room.slots.map((slot) => [slot, room] as const)));
  let end = 0;
  const place = (room: Room | undefined, offset: number): void => {
    for (const slot of room?.slots ?? []) offsets[slot] = offset;
  };
  const settle = (id: SlotId): void => {
    const room = roomOf.get(id);
    if (!room || offsets[id] !== -1) return;
    place(room, end);
    end += room.bytes;
  };
  const align = (): void => {
    end = Math.ceil(end / 64) * 64;
  };
  for (const step of plan.steps) {
    if (step.op.kind !== 'optimize') continue;
    for (const group of optimizerGroups(step)) {
      for (const id of group) settle(id);
      align();
    }
  }
  for (const room of rooms) {
    if (!room.persistent) continue;
    for (const id of room.slots) settle(id);
    align();
  }
  const persistentBytes = end;
  const placed: { offset: number; room: Room }[] = [];
  const waiting = rooms.filter((room) => offsets[room.slots[0] ?? -1] === -1 && room.to >= 0);
  for (const room of waiting.sort((a, b) => b.bytes - a.bytes || a.from - b.from)) {
    let offset = persistentBytes;
    for (const other of placed) {
      if (other.room.to < room.from || room.to < other.room.from) continue;
      if (offset + room.bytes <= other.offset) break;
      offset = Math.max(offset, Math.ceil((other.offset + other.room.bytes) / 64) * 64);
    }
    place(room, offset);
    end = Math.max(end, offset + room.bytes);
    placed.push({ offset, room });
    placed.sort((a, b) => a.offset - b.offset);
  }
  // Slots that no step touches still need a place to be written to.
  for (const room of rooms) if (offsets[room.slots[0] ?? -1] === -1) place(room, persistentBytes);
  align();
  return { offsets, persistentBytes, bytes: end };
}

/** The values of an 'optimize' step: [params, gradients, first moments, second moments, masks]; what is absent is empty. */
export function optimizerGroups(step: Step): readonly [SlotId[], SlotId[], SlotId[], SlotId[], SlotId[]] {
  const groups: [SlotId[], SlotId[], SlotId[], SlotId[], SlotId[]] = [[], [], [], [], []];
  const { op } = step;
  if (op.kind !== 'optimize') return groups;
  const moments = op.optimizer.kind === 'adam' ? 2 : op.optimizer.kind === 'momentum' ? 1 : 0;
  let at = 1;
  const next = (group: SlotId[]): void => {
    const id = step.inputs[at];
    at += 1;
    if (id === undefined) throw new RangeError('an optimize step has too few inputs');
    group.push(id);
  };
  for (let i = 0; i < op.count; i += 1) {
    next(groups[0]);
    next(groups[1]);
    if (moments > 0) next(groups[2]);
    if (moments > 1) next(groups[3]);
    if (op.masked[i]) next(groups[4]);
    else groups[4].push(-1);
  }
  return groups;
}
