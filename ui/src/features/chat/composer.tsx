// SPDX-License-Identifier: MIT
// Where one writes. Enter sends, Shift+Enter makes a line; it grows to eight lines; what was not sent stays, per session: its text as long
// as the tab, its pictures until that is loaded anew.
import { ArrowUp, ImagePlus, Square, X } from 'lucide-react';
import {
  type ClipboardEvent,
  type DragEvent,
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import { bytes } from '@/lib/format';
import { useKept } from '@/lib/kept';
import { IconButton } from '@/ui/button';
import { Thumbnail } from './local-image';

const kLineHeight = 24;
const kMaxLines = 8;
const kMaxImages = 31;
const kMaxImageBytes = 5 * 2 ** 20;
const kImageTypes = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

const kNoImages: File[] = [];

const draftKey = (scope: string) => `pryx_draft_${scope}`;

// `put` offers a text to begin with: a draft that a person wrote stays, and gets it below.
export type ComposerHandle = { focus: () => void; put: (text: string) => void };

export function Composer({
  scope,
  running,
  busy,
  chips,
  handle,
  onSend,
  onStop,
}: {
  // Whose draft it is: the session, or 'new'.
  scope: string;
  running: boolean;
  busy: boolean;
  chips: ReactNode;
  handle: React.Ref<ComposerHandle>;
  // False: it was not taken, so it stays in the field.
  onSend: (text: string, images: File[]) => Promise<boolean>;
  onStop: () => void;
}) {
  const [text, setText] = useState(() => sessionStorage.getItem(draftKey(scope)) ?? '');
  const [images, setImages] = useKept(`draft.${scope}.images`, kNoImages);
  const offered = useRef('');
  // Why files were not attached.
  const [refused, setRefused] = useState<string[]>([]);
  const [over, setOver] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);

  useEffect(() => {
    if (text) sessionStorage.setItem(draftKey(scope), text);
    else sessionStorage.removeItem(draftKey(scope));
  }, [text, scope]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another text has another height
  useLayoutEffect(() => {
    const box = field.current;
    if (!box) return;
    box.style.height = 'auto';
    box.style.height = `${Math.min(box.scrollHeight, kLineHeight * kMaxLines + 16)}px`;
  }, [text]);
  useImperativeHandle(handle, () => ({
    focus: () => field.current?.focus(),
    put: (next) => {
      const before = offered.current;
      offered.current = next;
      // One offer after another: nobody wrote the first.
      setText((now) => (now.trim() === '' || now === before ? next : `${now.trimEnd()}\n${next}`));
      field.current?.focus();
    },
  }));

  const add = (files: Iterable<File>) => {
    const fresh: File[] = [];
    const why: string[] = [];
    for (const file of files) {
      if (!kImageTypes.includes(file.type)) why.push(t('chat.attach.kind', { name: file.name }));
      else if (file.size > kMaxImageBytes)
        why.push(t('chat.attach.large', { name: file.name, size: bytes(file.size) }));
      else fresh.push(file);
    }
    setRefused(why);
    setImages([...images, ...fresh].slice(0, kMaxImages));
  };
  const send = async () => {
    if (busy || (!text.trim() && images.length === 0)) return;
    if (!(await onSend(text.trim(), images))) return;
    setText('');
    setImages(kNoImages);
    setRefused([]);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.altKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  };
  const onPaste = (event: ClipboardEvent) => {
    if (event.clipboardData.files.length === 0) return;
    event.preventDefault();
    add(event.clipboardData.files);
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    add(event.dataTransfer.files);
  };
  return (
    <form
      aria-label={t('chat.composer')}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
      className={cx(
        'rounded-dialog border bg-surface focus-within:border-accent',
        over ? 'border-accent bg-accent-soft' : 'border-control',
      )}
    >
      {images.length > 0 && (
        <ul className="flex flex-wrap gap-2 px-3 pt-3">
          {images.map((file, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two pictures may have one name
            <li key={index} className="relative">
              <Thumbnail file={file} />
              <IconButton
                small
                icon={X}
                label={t('chat.attach.remove', { name: file.name })}
                className="absolute top-1 right-1 bg-raised!"
                onClick={() => setImages(images.filter((one) => one !== file))}
              />
            </li>
          ))}
        </ul>
      )}
      {refused.length > 0 && (
        <ul role="alert" className="px-3.5 pt-2.5 text-dense text-bad">
          {refused.map((why) => (
            <li key={why}>{why}</li>
          ))}
        </ul>
      )}
      <textarea
        ref={field}
        rows={1}
        value={text}
        aria-label={t('chat.message')}
        placeholder={t('chat.placeholder')}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
        className="block w-full resize-none bg-transparent px-3.5 pt-2.5 pb-1 text-prose outline-none placeholder:text-text-3"
      />
      <div className="flex flex-wrap items-center gap-1 px-2 pb-2">
        <input
          ref={picker}
          type="file"
          hidden
          aria-label={t('chat.attach')}
          multiple
          accept={kImageTypes.join(',')}
          onChange={(event) => {
            add(event.target.files ?? []);
            event.target.value = '';
          }}
        />
        <IconButton icon={ImagePlus} label={t('chat.attach')} onClick={() => picker.current?.click()} />
        {chips}
        <span className="ml-auto" />
        {running && (
          <IconButton kind="plain" icon={Square} keys="escape" label={t('chat.stop')} onClick={onStop} />
        )}
        <IconButton
          kind="primary"
          type="submit"
          icon={ArrowUp}
          keys="enter"
          label={running ? t('chat.send.queue') : t('chat.send')}
          disabled={!text.trim() && images.length === 0}
          busy={busy}
          offline
        />
      </div>
    </form>
  );
}
