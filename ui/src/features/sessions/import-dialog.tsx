// SPDX-License-Identifier: MIT
// Files that were exported as JSON, one request each. The bytes go as they are, so that the daemon checks the hash over what was in the file.
import { Link } from '@tanstack/react-router';
import { Upload } from 'lucide-react';
import { type DragEvent, useRef, useState } from 'react';
import { api, type Schemas, take } from '@/api/client';
import { t } from '@/i18n';
import { cx } from '@/lib/cx';
import { bytes } from '@/lib/format';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';

const kMostBytes = 64 * 2 ** 20;

type Result = { name: string; state: 'on' | 'done' | 'failed'; session?: Schemas['Session']; why?: string };

async function send(file: File): Promise<Schemas['Session']> {
  if (file.size > kMostBytes) throw new Error(t('sessions.import.large', { limit: bytes(kMostBytes) }));
  const text = await file.text();
  return take(
    api.POST('/api/v1/sessions/import', {
      body: text as never,
      bodySerializer: (body) => body as unknown as string,
      headers: { 'Content-Type': 'application/json' },
    }),
  );
}

export default function ImportDialog({ onClose }: { onClose: () => void }) {
  const [results, setResults] = useState<Result[]>([]);
  const [isOver, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const take = async (files: File[]) => {
    for (const file of files) {
      const result: Result = { name: file.name, state: 'on' };
      setResults((old) => [...old, result]);
      const settle = (change: Partial<Result>) =>
        setResults((old) => old.map((one) => (one === result ? { ...one, ...change } : one)));
      try {
        settle({ state: 'done', session: await send(file) });
      } catch (error) {
        settle({ state: 'failed', why: error instanceof Error ? error.message : String(error) });
      }
    }
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void take([...event.dataTransfer.files]);
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('sessions.import')}
      description={t('sessions.import.hint')}
      footer={<Button onClick={onClose}>{t('sessions.import.close')}</Button>}
    >
      <section
        aria-label={t('sessions.import.choose')}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={onDrop}
        className={cx(
          'flex flex-col items-center gap-2 rounded-card border border-dashed p-8 text-dense text-text-2',
          isOver ? 'border-accent bg-accent-soft' : 'border-control',
        )}
      >
        <Button kind="primary" icon={Upload} onClick={() => input.current?.click()}>
          {t('sessions.import.choose')}
        </Button>
        {t('sessions.import.drop')}
        <input
          ref={input}
          type="file"
          multiple
          accept=".json,application/json"
          className="hidden"
          aria-label={t('sessions.import.choose')}
          onChange={(event) => {
            void take([...(event.target.files ?? [])]);
            event.target.value = '';
          }}
        />
      </section>
      <ul aria-live="polite" className="mt-3 flex flex-col gap-1 text-dense">
        {results.map((one, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two files may have one name
          <li key={index} className="rounded-control bg-sunken px-3 py-2">
            <p className="font-medium break-all">{one.name}</p>
            {one.state === 'on' && <p className="text-text-2">{t('sessions.import.running')}</p>}
            {one.state === 'failed' && <p className="text-bad">✕ {one.why}</p>}
            {one.session && (
              <Link
                to="/chat/$session"
                params={{ session: one.session.id }}
                className="text-accent underline"
                onClick={onClose}
              >
                ✓ {t('sessions.import.done', { title: one.session.title || one.session.id })}
              </Link>
            )}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
