/**
 * A recipe in the part of an address after `#`: its JSON, deflated, in the letters that addresses allow. Browsers send that
 * part to nobody, so a link carries a recipe without a server.
 */
import { type Recipe, RecipeError, readRecipe } from '#core/recipe';

const KEY = 'recipe=';
/** Characters of JSON that a link may unfold to: a recipe has some hundred a step. */
const MOST = 1_000_000;

/** `#recipe=…` */
export async function recipeFragment(recipe: Recipe): Promise<string> {
  const packed = await through(new CompressionStream('deflate-raw'), new TextEncoder().encode(JSON.stringify(recipe)));
  const letters = btoa(String.fromCharCode(...packed));
  return `#${KEY}${letters.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`;
}

/** The recipe of an address's fragment; null where there is none. Throws RecipeError where it is damaged. */
export async function readFragment(fragment: string): Promise<Recipe | null> {
  const at = fragment.replace(/^#/, '');
  if (!at.startsWith(KEY)) return null;
  let text: string;
  try {
    const letters = atob(at.slice(KEY.length).replaceAll('-', '+').replaceAll('_', '/'));
    const packed = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
    text = new TextDecoder('utf-8', { fatal: true }).decode(
      await through(new DecompressionStream('deflate-raw'), packed),
    );
  } catch {
    throw new RecipeError({
      en: 'The link holds no whole recipe: it was cut short or changed on its way.',
      zh: '链接中的配方不完整：它在传递过程中被截断或改动。',
    });
  }
  return readRecipe(text);
}

async function through(
  stream: CompressionStream | DecompressionStream,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  const writer = stream.writable.getWriter();
  // What goes wrong on the way in comes out below.
  writer.write(bytes).catch(() => undefined);
  writer.close().catch(() => undefined);
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader: ReadableStreamDefaultReader<Uint8Array> = stream.readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > MOST) throw new RangeError('too long for a recipe');
    parts.push(value);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
