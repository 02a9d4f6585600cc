/** The width of a canvas's box in CSS pixels, and a version that changes whenever colours or size ask for a new drawing. */
import { type RefObject, useEffect, useState } from 'react';

export function useRedraw(canvas: RefObject<HTMLCanvasElement | null>): { version: number; width: number } {
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
