/**
 * A field's label. A word in it that the glossary explains opens its card; its button stands beside the label and not in
 * it, so that the rest of the words still leads to the field. The field gives itself its whole name, by `aria-label`.
 */
import { TERMS, Term, type TermId } from '#ui/kit/Term.tsx';
import { useText } from '#ui/kit/words.ts';

export function Label({ htmlFor, children }: { htmlFor: string; children: string }) {
  const t = useText();
  const found = findTerm(
    children,
    TERMS.map((id) => [id, t(`glossary.terms.${id}`)] as const),
  );
  const part = (words: string) => words && <label htmlFor={htmlFor}>{words}</label>;
  if (!found) return part(children);
  return (
    <>
      {part(found.before)}
      <Term id={found.id}>{found.word}</Term>
      {part(found.after)}
    </>
  );
}

/** The first of the named terms that stands in a text as a word of its own, and what is around it. */
export function findTerm(text: string, names: readonly (readonly [TermId, string])[]) {
  for (const [id, name] of names) {
    const at = text.toLowerCase().indexOf(name.toLowerCase());
    const [before, after] = [text.slice(0, Math.max(0, at)), text.slice(at + name.length)];
    // Chinese words stand side by side; those of other scripts end where the letters end.
    if (at < 0 || /[a-z]$/i.test(before) || /^[a-z]/i.test(after)) continue;
    return { id, before, word: text.slice(at, at + name.length), after };
  }
  return null;
}
