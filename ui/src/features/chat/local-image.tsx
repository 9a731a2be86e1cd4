// SPDX-License-Identifier: MIT
// A picture that is about to be sent, painted from its file: nothing is uploaded to be seen.
import { useEffect, useRef } from 'react';

const kHeight = 96;
export function Thumbnail({ file }: { file: File }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let gone = false;
    void (async () => {
      try {
        const picture = await createImageBitmap(file);
        const place = canvas.current;
        if (gone || !place) return;
        place.height = Math.min(kHeight, picture.height);
        place.width = Math.round((picture.width / picture.height) * place.height);
        place.getContext('2d')?.drawImage(picture, 0, 0, place.width, place.height);
      } catch {
        // Not a picture that this browser reads; its name is shown all the same.
      }
    })();
    return () => {
      gone = true;
    };
  }, [file]);
  return (
    <canvas
      ref={canvas}
      width={0}
      height={0}
      role="img"
      aria-label={file.name}
      className="max-w-full rounded-card border border-line"
    />
  );
}
