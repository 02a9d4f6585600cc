/** What every decoder throws when its bytes cannot have come from its encoder. */

export type CodingFault = 'cut-short' | 'damaged' | 'too-large';

export class CodingError extends Error {
  readonly code: CodingFault;
  constructor(code: CodingFault, message: string = code) {
    super(message);
    this.name = 'CodingError';
    this.code = code;
  }
}
