/** One small image of a data set, grey or in colours, enlarged without smoothing: every pixel as the network sees it. */
import { useEffect, useRef } from 'react';
import styles from '#ui/kit/pixels.module.css';

interface PixelImageProps {
  /** 8-bit, 0 black to 255 white, row-major. */
  readonly pixels: Uint8Array;
  /** [height, width, channels] with 1 or 3 channels. */
  readonly shape: readonly number[];
  /** What it shows, for those who do not see it; '' where the words beside it say so. */
  readonly label: string;
}

export function PixelImage({ pixels, shape, label }: PixelImageProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [height = 1, width = 1, channels = 1] = shape;
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const image = context.createImageData(width, height);
    for (let i = 0; i < width * height; i++) {
      const at = (channel: number): number => pixels[i * channels + (channels === 1 ? 0 : channel)] ?? 0;
      image.data.set([at(0), at(1), at(2), 255], i * 4);
    }
    context.putImageData(image, 0, 0);
  }, [pixels, width, height, channels]);
  return (
    <canvas
      ref={canvas}
      className={styles.pixels}
      width={width}
      height={height}
      {...(label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true })}
    />
  );
}
