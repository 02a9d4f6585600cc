/** Where the focus goes when the button that had it leaves the page with its model, and when the model comes back. */

/** Ids of a model's name in the table, and of the button that brings it back. */
export const nameId = (node: string): string => `model-${node}`;
export const restoreId = (node: string): string => `restore-${node}`;

/** Once what is being drawn is there. */
export function focusOn(id: string): void {
  requestAnimationFrame(() => document.getElementById(id)?.focus());
}
