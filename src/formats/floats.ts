/** Numbers as bytes and back. */

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
