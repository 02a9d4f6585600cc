/** A part of the page that fails says so and can be tried again; the rest of the page goes on. */
import { Button } from '@mantine/core';
import { Component, type ReactNode } from 'react';
import { Notice } from '#ui/kit/Feedback.tsx';
import { useText } from '#ui/kit/words.ts';

interface GuardState {
  readonly error: Error | null;
}

export class ErrorGuard extends Component<{ children: ReactNode }, GuardState> {
  override state: GuardState = { error: null };
  static getDerivedStateFromError(error: Error): GuardState {
    return { error };
  }
  override render() {
    const { error } = this.state;
    return error ? (
      <Broken message={error.message} onAgain={() => this.setState({ error: null })} />
    ) : (
      this.props.children
    );
  }
}

function Broken({ message, onAgain }: { message: string; onAgain: () => void }) {
  const t = useText();
  return (
    <Notice level="error" text={t('frame.broken', { message })}>
      <Button size="xs" variant="default" mt="xs" onClick={onAgain}>
        {t('frame.again')}
      </Button>
    </Notice>
  );
}
