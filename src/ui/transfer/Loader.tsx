/** The loader that goes with a .whittle file: its size, measured, and its download. It lies beside the page. */
import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import { Help } from '#ui/kit/Layout.tsx';
import { useFormat, useText } from '#ui/kit/words.ts';

const NAME = 'whittle-loader.js';

export function Loader({ onDownload }: { onDownload: (name: string, bytes: Uint8Array) => void }) {
  const t = useText();
  const format = useFormat();
  const [bytes, setBytes] = useState<Uint8Array | null>(null);
  useEffect(() => {
    let isShown = true;
    const read = async () => {
      const response = await fetch(new URL(NAME, document.baseURI));
      if (!response.ok) return;
      const found = new Uint8Array(await response.arrayBuffer());
      if (isShown) setBytes(found);
    };
    // Without it the model can still be downloaded; the loader comes back with the network.
    read().catch(() => {});
    return () => {
      isShown = false;
    };
  }, []);
  if (!bytes) return null;
  return (
    <>
      <Button variant="default" onClick={() => onDownload(NAME, bytes)}>
        {t('transfer.download', { file: NAME })}
      </Button>
      <Help>{t('transfer.loader', { bytes: format.bytes(bytes.length) })}</Help>
    </>
  );
}
