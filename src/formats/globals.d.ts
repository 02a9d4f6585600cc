/**
 * The few globals that formats use beyond ES2023. Browsers, workers and Node all have them; nothing else is allowed here.
 */
declare class TextDecoder {
  constructor(label?: string, options?: { readonly fatal?: boolean });
  decode(bytes?: Uint8Array): string;
}
declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
}
