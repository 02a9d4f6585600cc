/**
 * Small choices kept from visit to visit in localStorage (language, settings of a form). Storage may be blocked or hold
 * anything: what is not an object is ignored, and callers check each field.
 */

export function readKept(name: string): Readonly<Record<string, unknown>> {
  try {
    const stored: unknown = JSON.parse(globalThis.localStorage?.getItem(`whittle.${name}`) ?? 'null');
    return typeof stored === 'object' && stored !== null ? (stored as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

export function keep(name: string, value: Readonly<Record<string, unknown>>): void {
  try {
    globalThis.localStorage?.setItem(`whittle.${name}`, JSON.stringify(value));
  } catch {
    // Storage is blocked or full: the choice holds until the page is closed.
  }
}
