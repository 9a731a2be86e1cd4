// SPDX-License-Identifier: MIT
import { useQueryClient } from '@tanstack/react-query';
import { discard, trySending, useOutbox } from '@/api/outbox';
import { t } from '@/i18n';
import { Button } from '@/ui/button';
import { ErrorNote } from '@/ui/states';
import { Thumbnail } from './local-image';

// Messages on their way: seen at once, gone when the transcript has them.
export function OutboxRows({ session }: { session: string }) {
  const queries = useQueryClient();
  const items = useOutbox((state) => state.items).filter((one) => one.session === session);
  return items.map((one) => (
    <div key={one.key} className="mt-6 mb-3 flex flex-col items-end gap-1">
      {one.images.length > 0 && (
        <div className="flex flex-wrap justify-end gap-2">
          {one.images.map(({ file }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two pictures may have one name
            <Thumbnail key={index} file={file} />
          ))}
        </div>
      )}
      <div className="max-w-[85%] rounded-dialog bg-accent-soft px-3.5 py-2 text-prose break-words whitespace-pre-wrap">
        {one.text}
      </div>
      {one.error ? (
        <div className="flex w-full max-w-[85%] flex-col gap-1">
          <ErrorNote
            error={one.error}
            what={t('chat.send.failed')}
            retry={() => void trySending(queries, one)}
          />
          <Button small kind="quiet" className="self-end" onClick={() => discard(one.key)}>
            {t('chat.send.drop')}
          </Button>
        </div>
      ) : (
        <span role="status" className="text-label text-text-3">
          {t('chat.send.waiting')}
        </span>
      )}
    </div>
  ));
}
