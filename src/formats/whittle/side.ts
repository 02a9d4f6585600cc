/** Whether this build can write. The loader's cannot: there this is false, and all that only writing needs is left out of it. */
export const WRITES: boolean = true;
