/** Why a size is larger than the bits of the weights say: its file holds them as floats. What packs them is named beside it. */
import { Help } from '#ui/kit/Layout.tsx';
import { useFormat, useText } from '#ui/kit/words.ts';
import type { AsFloats } from '#worker/protocol';

/** `bytes`: of the .whittle file, where they were counted. */
export function Packed({ asFloats, bytes }: { asFloats: AsFloats; bytes: number | undefined }) {
  const t = useText();
  const format = useFormat();
  const what = t(`optimize.asFloats.${asFloats}`);
  return (
    <Help>
      {bytes === undefined
        ? t('optimize.packsThem', { what })
        : t('optimize.packed', { what, bytes: format.bytes(bytes) })}
    </Help>
  );
}
