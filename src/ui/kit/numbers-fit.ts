/** What begins something by the numbers of a form does not begin while one of them does not fit. */
import type { MouseEvent } from 'react';

/** For `onClick`: does it; or, where a number field of the same tab is wrong, brings that into sight and focus instead, so that its error is seen and read out. */
export function whenNumbersFit(go: () => void): (event: MouseEvent<HTMLElement>) => void {
  return ({ currentTarget }) => {
    const form = currentTarget.closest('[role="tabpanel"]') ?? document;
    const wrong = form.querySelector<HTMLElement>('input[data-wrong]:enabled');
    if (!wrong) {
      go();
      return;
    }
    for (let at = wrong.closest('details'); at; at = at.parentElement?.closest('details') ?? null) at.open = true;
    wrong.focus({ preventScroll: true });
    wrong.scrollIntoView?.({ block: 'center' });
  };
}
