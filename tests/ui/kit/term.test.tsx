/** Words that explain themselves. */
import { fireEvent, render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { glossary } from '#i18n/en/glossary';
import { Dress } from '#ui/App.tsx';
import { Glossary, Term } from '#ui/kit/Term.tsx';

const toggled = (newState: 'open' | 'closed') => Object.assign(new Event('beforetoggle'), { newState });

test('a term opens its card by the browser’s own popover, and is empty while it is closed', async () => {
  render(
    <Dress>
      <Term id="macs">MACs</Term>
    </Dress>,
  );
  const button = await screen.findByRole('button', { name: 'MACs' });
  const card = document.getElementById(button.getAttribute('popovertarget') ?? '') as HTMLElement;
  expect([card.getAttribute('popover'), card.textContent]).toEqual(['auto', '']);
  fireEvent(card, toggled('open'));
  expect(card.textContent).toContain('Multiply-accumulates');
  expect(card.style.top).toBe('4px');
  fireEvent(card, toggled('closed'));
  expect(card.textContent).toBe('');
});

test('the glossary holds every term', async () => {
  render(
    <Dress>
      <Glossary />
    </Dress>,
  );
  const button = await screen.findByRole('button', { name: 'Words used here' });
  const card = document.getElementById(button.getAttribute('popovertarget') ?? '') as HTMLElement;
  fireEvent(card, toggled('open'));
  const shown = [...card.querySelectorAll('strong')].map((one) => one.textContent);
  expect(new Set(shown)).toEqual(new Set(Object.values(glossary.terms)));
  expect(shown.length).toBe(Object.keys(glossary.terms).length);
});
