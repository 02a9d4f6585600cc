/**
 * A canvas that is drawn again whenever its props, its box or the colours change. What the styles say is asked once for
 * each change of colours or size: asking at every drawing holds up the page.
 */
import { type RefObject, useEffect, useRef, useState } from 'react';

/** `draw` gets the canvas, the width of its box in CSS pixels and what `looksOf` last read. */
export function useDrawing<Looks>(
  looksOf: (canvas: HTMLCanvasElement) => Looks,
  draw: (canvas: HTMLCanvasElement, width: number, looks: Looks) => void,
): RefObject<HTMLCanvasElement | null> {
  const canvas = useRef<HTMLCanvasElement>(null);
  const known = useRef<{ readonly version: number; readonly looks: Looks }>(null);
  const { version, width } = useBox(canvas);
  useEffect(() => {
    if (!canvas.current || width === 0) return;
    if (known.current?.version !== version) known.current = { version, looks: looksOf(canvas.current) };
    draw(canvas.current, width, known.current.looks);
  });
  return canvas;
}

/** The width of a canvas's box, and a version that changes whenever colours or size ask for a new drawing. */
function useBox(canvas: RefObject<HTMLCanvasElement | null>): { readonly version: number; readonly width: number } {
  const [state, setState] = useState({ version: 0, width: 0 });
  useEffect(() => {
    const box = canvas.current?.parentElement;
    if (!box) return;
    const again = () => setState(({ version }) => ({ version: version + 1, width: box.clientWidth }));
    again();
    const sizes = new ResizeObserver(again);
    sizes.observe(box);
    const colours = new MutationObserver(again);
    colours.observe(document.documentElement, { attributes: true, attributeFilter: ['data-mantine-color-scheme'] });
    return () => {
      sizes.disconnect();
      colours.disconnect();
    };
  }, [canvas]);
  return state;
}
