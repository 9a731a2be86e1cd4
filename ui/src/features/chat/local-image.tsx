// SPDX-License-Identifier: MIT
// Pictures that were attached in this window. The daemon keeps what it sent to the model and does not give it back, so the thumbnail
// lives only as long as the page; it is painted, since the content policy allows no picture from a blob.
import { useEffect, useRef } from 'react';

const kMaxKept = 50;
const kHeight = 96;
const kept = new Map<string, File>();

const keyOf = (messageId: string, name: string) => `${messageId}/${name}`;

export function keepImage(messageId: string, file: File): void {
  kept.set(keyOf(messageId, file.name), file);
  if (kept.size > kMaxKept) {
    const [oldest] = kept.keys();
    if (oldest !== undefined) kept.delete(oldest);
  }
}

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

export function LocalImage({ messageId, name }: { messageId: string; name: string }) {
  const file = kept.get(keyOf(messageId, name));
  return file ? <Thumbnail file={file} /> : null;
}
