/**
 * Reads IDX, the format of MNIST (yann.lecun.com/exdb/mnist): two zero bytes, a type (8: unsigned byte), the number of
 * axes, each axis's size as a big-endian 32-bit number, then the bytes. Every number is checked before it is believed.
 */
import { sizeOf } from '#core/model/tensor';
import { DatasetError } from '#engine/datasets/errors';

/** The bytes behind the header, not copied. `shape` is what the file must say. Throws DatasetError naming what differs. */
export function readIdx(bytes: Uint8Array, shape: readonly number[], file: string): Uint8Array {
  const refuse = (en: string, zh: string): DatasetError => new DatasetError('idx', file, { en, zh });
  const header = 4 + 4 * shape.length;
  if (bytes.length < header) {
    throw refuse(
      `The file has ${bytes.length} bytes, less than its header of ${header}.`,
      `文件只有 ${bytes.length} 字节，少于 ${header} 字节的文件头。`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  if (magic >>> 8 !== 8 || (magic & 0xff) !== shape.length) {
    const seen = `0x${magic.toString(16).padStart(8, '0')}`;
    throw refuse(
      `It does not begin as an IDX file of bytes with ${shape.length} axes (${seen} at byte 0).`,
      `文件开头不是 ${shape.length} 维字节型 IDX 文件（字节 0 处为 ${seen}）。`,
    );
  }
  for (const [axis, size] of shape.entries()) {
    const found = view.getUint32(4 + 4 * axis);
    if (found !== size) {
      throw refuse(
        `Axis ${axis} has ${found} entries where ${size} are expected (byte ${4 + 4 * axis}).`,
        `第 ${axis} 维为 ${found}，应为 ${size}（字节 ${4 + 4 * axis}）。`,
      );
    }
  }
  const expected = header + sizeOf(shape);
  if (bytes.length !== expected) {
    throw refuse(
      `The file has ${bytes.length} bytes where ${expected} are expected.`,
      `文件为 ${bytes.length} 字节，应为 ${expected} 字节。`,
    );
  }
  return bytes.subarray(header);
}

/** Throws when a label is not below `classes`. */
export function checkLabels(labels: Uint8Array, classes: number, file: string): void {
  const at = labels.findIndex((label) => label >= classes);
  if (at >= 0) {
    const label = labels[at];
    throw new DatasetError('idx', file, {
      en: `Image ${at} has the label ${label}, but there are only ${classes} classes.`,
      zh: `第 ${at} 张图片的标签为 ${label}，但只有 ${classes} 个类别。`,
    });
  }
}
