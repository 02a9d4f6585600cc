/** The top of the page: what stands there while another tab holds the project. */
import { act, render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { project } from '#stores/project';
import { unsaved } from '#stores/restore';
import { Dress } from '#ui/App.tsx';
import { OtherTab } from '#ui/Header.tsx';

test('says that only another tab saves, and what is to be done once something was made in this one', () => {
  render(
    <Dress>
      <OtherTab />
    </Dress>,
  );
  expect(screen.queryByText(/another tab/)).toBeNull();
  act(() => project.setState({ saved: 'other-tab' }));
  expect(screen.getByText('This project is open in another tab, and only that one saves it.')).toBeTruthy();
  expect(screen.queryByRole('alert')).toBeNull();
  act(() => unsaved.setState({ isUnsaved: true }));
  expect(screen.getByRole('alert').textContent).toMatch(
    /^What you made in this tab is not saved yet.*Close the other tab/,
  );
  act(() => project.setState({ saved: 'saved' }));
  expect(screen.queryByRole('alert')).toBeNull();
});
