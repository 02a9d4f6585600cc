/** What leaves the page by the person's own hand: a text into the clipboard, a file into their downloads. */

/** Whether the text is in the clipboard now. Pages that came over plain http have none, and people may refuse it. */
export async function isCopied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Hands the content to the browser's own download. */
export function download(fileName: string, content: Uint8Array | string): void {
  const url = URL.createObjectURL(new Blob([content as Uint8Array<ArrayBuffer> | string]));
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
