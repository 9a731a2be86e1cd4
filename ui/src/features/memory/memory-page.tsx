// SPDX-License-Identifier: MIT
// Memory: search, add, forget; each with its kind and where it came from.
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useDeferredValue, useMemo, useState } from 'react';
import { useActions } from '@/actions/actions';
import type { Schemas } from '@/api/client';
import { addMessages, t } from '@/i18n';
import { RemoveDialog } from '@/parts/remove-dialog';
import { Button } from '@/ui/button';
import { FilterField, Select, TextArea } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { Page } from '@/ui/page';
import { Empty, ErrorNote, Waiting } from '@/ui/states';
import { Chip } from '@/ui/status';
import { Time } from '@/ui/time';
import { toast } from '@/ui/toast';
import { memoryMessages } from './messages';
import { type MemoryType, useForget, useMemories, useRemember } from './queries';

addMessages(memoryMessages);

const kTypes: MemoryType[] = ['longterm', 'daily', 'session'];

function AddDialog({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('');
  const [type, setType] = useState<MemoryType>('longterm');
  const remember = useRemember();
  const save = () =>
    remember.mutate(
      { text, type },
      {
        onSuccess: () => {
          toast(t('memory.added'));
          onClose();
        },
      },
    );
  return (
    <FormDialog
      title={t('memory.add')}
      verb={t('memory.add.save')}
      busy={remember.isPending}
      valid={text.trim() !== ''}
      error={remember.error}
      failed={t('memory.add.failed')}
      dirty={text.trim() !== ''}
      onSave={save}
      onClose={onClose}
    >
      <TextArea label={t('memory.add.text')} value={text} onChange={(event) => setText(event.target.value)} />
      <Select
        label={t('memory.type')}
        value={type}
        onChange={(event) => setType(event.target.value as MemoryType)}
      >
        <option value="longterm">{t('memory.type.longterm')}</option>
        <option value="daily">{t('memory.type.daily')}</option>
      </Select>
    </FormDialog>
  );
}

// Who it belongs to is the one who reads it.
const kNameLength = 60;
const isTold = (label: string) => !label.startsWith('principal:');

function MemoryCard({ memory, onForget }: { memory: Schemas['Memory']; onForget: () => void }) {
  return (
    <li className="rounded-card border border-line bg-surface p-3">
      <p className="text-body break-words whitespace-pre-wrap">{memory.text}</p>
      <div className="mt-2 flex flex-wrap items-center gap-2 text-label text-text-3">
        <Chip tone="info" text={t(`memory.type.${memory.type}`)} />
        {memory.labels.filter(isTold).map((label) => (
          <Chip key={label} tone={label.startsWith('untrusted') ? 'warn' : 'idle'} text={label} />
        ))}
        <Time at={memory.created_at} />
        {memory.session_id && (
          <Link to="/chat/$session" params={{ session: memory.session_id }} className="text-accent underline">
            {t('memory.session')}
          </Link>
        )}
        <Button
          small
          kind="quiet"
          className="ml-auto"
          aria-label={t('memory.rm.name', { text: memory.text.slice(0, kNameLength) })}
          onClick={onForget}
        >
          {t('memory.rm')}
        </Button>
      </div>
    </li>
  );
}

export function MemoryPage() {
  const search: { q?: string; type?: string } = useSearch({ strict: false });
  const navigate = useNavigate();
  const words = useDeferredValue((search.q ?? '').trim());
  const type = kTypes.find((one) => one === search.type);
  const memories = useMemories(words, type);
  const [adding, setAdding] = useState(false);
  const [forgetting, setForgetting] = useState<Schemas['Memory'] | null>(null);
  const forget = useForget();
  const actions = useMemo(
    () => [
      {
        id: 'memory.add',
        label: t('memory.add'),
        group: t('palette.here'),
        keys: ['n'],
        icon: Plus,
        run: () => setAdding(true),
      },
    ],
    [],
  );
  useActions(actions);
  const put = (change: { q?: string; type?: string }) =>
    void navigate({ to: '.', search: { ...search, ...change }, replace: true });
  const filters = (words ? 1 : 0) + (type ? 1 : 0);
  const rows = memories.data?.pages.flatMap((page) => page.items);
  return (
    <Page
      title={t('memory.title')}
      lead={t('memory.lead')}
      width="read"
      primary={
        <Button kind="primary" icon={Plus} keys="n" onClick={() => setAdding(true)}>
          {t('memory.add')}
        </Button>
      }
      filters={
        <>
          <FilterField label={t('memory.search')} value={search.q ?? ''} onText={(q) => put({ q })} />
          <Select
            hideLabel
            label={t('memory.type')}
            value={type ?? ''}
            onChange={(event) => put({ type: event.target.value || undefined })}
          >
            <option value="">{t('memory.type.all')}</option>
            {kTypes.map((one) => (
              <option key={one} value={one}>
                {t(`memory.type.${one}`)}
              </option>
            ))}
          </Select>
        </>
      }
    >
      {memories.isError && (
        <ErrorNote error={memories.error} what={t('memory.error')} retry={() => void memories.refetch()} />
      )}
      {!rows && !memories.isError && <Waiting of={[memories]} rows={5} />}
      {rows?.length === 0 &&
        (filters > 0 ? (
          <Empty
            title={t('memory.empty.filtered')}
            why={t('memory.empty.filtered.why')}
            action={
              <Button onClick={() => put({ q: undefined, type: undefined })}>
                {t('memory.clear', { count: filters })}
              </Button>
            }
          />
        ) : (
          <Empty
            title={t('memory.empty')}
            why={t('memory.empty.why')}
            action={<Button onClick={() => setAdding(true)}>{t('memory.add')}</Button>}
          />
        ))}
      {rows && rows.length > 0 && (
        <ul className="flex flex-col gap-2">
          {rows.map((memory) => (
            <MemoryCard key={memory.id} memory={memory} onForget={() => setForgetting(memory)} />
          ))}
        </ul>
      )}
      {memories.hasNextPage && (
        <Button
          className="mt-3 self-start"
          busy={memories.isFetchingNextPage}
          onClick={() => void memories.fetchNextPage()}
        >
          {t('memory.more')}
        </Button>
      )}
      {adding && <AddDialog onClose={() => setAdding(false)} />}
      {forgetting && (
        <RemoveDialog
          kind="memory"
          name={forgetting.text}
          id={forgetting.id}
          remove={forget}
          onClose={() => setForgetting(null)}
        >
          <blockquote className="border-l-2 border-line pl-3 text-dense">{forgetting.text}</blockquote>
        </RemoveDialog>
      )}
    </Page>
  );
}
