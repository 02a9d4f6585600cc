/** Numbers as bytes and back. */

/** IEEE half precision to float32, exactly. */
export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The bytes of numbers, low byte first whatever the machine. */
export function littleEndian(values: Uint8Array | Uint16Array | Float32Array): Uint8Array {
  if (values instanceof Uint8Array) return values;
  const bytes = new Uint8Array(values.byteLength);
  const view = new DataView(bytes.buffer);
  if (values instanceof Uint16Array)
    for (let i = 0; i < values.length; i++) view.setUint16(2 * i, values[i] as number, true);
  else for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i] as number, true);
  return bytes;
}
