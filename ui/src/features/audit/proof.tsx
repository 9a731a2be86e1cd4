// SPDX-License-Identifier: MIT
// That one entry is in the log: its leaf, the path to the root, and the signed checkpoint that names the root.
import { useQuery } from '@tanstack/react-query';
import { Copy, Download, ShieldCheck } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { t } from '@/i18n';
import { Button } from '@/ui/button';
import { copyText } from '@/ui/copy';
import { ErrorNote } from '@/ui/states';
import { Copyable } from './copyable';
import { entryIn, leafOf, readNote, rootOf, sidesOf } from './merkle';
import { type Entry, type Proof, type ProofText, saveBlob, useProof } from './queries';

// Whether the answer proves what it says, and says what is shown: entry -> leaf -> path -> root -> checkpoint.
export async function holds(proof: Proof, text: string): Promise<boolean> {
  const logged = entryIn(text);
  if (proof.index === null || proof.leaf === null || logged === null) return false;
  if (proof.entry?.index !== proof.index || (await leafOf(logged)) !== proof.leaf) return false;
  const steps = sidesOf(proof.index, proof.size, proof.path);
  const note = readNote(proof.checkpoint);
  if (!steps || !note) return false;
  const root = await rootOf(proof.leaf, steps);
  return root === proof.root && note.root === root && note.size === proof.size;
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <h4 className="pt-2 pb-1 text-label font-medium text-text-3">{title}</h4>
      {children}
    </div>
  );
}

function Shown({ made, entry }: { made: ProofText; entry: Entry }) {
  const { proof, text } = made;
  const steps = sidesOf(proof.index ?? 0, proof.size, proof.path) ?? [];
  const name = `pryx-audit-${proof.index}.proof.json`;
  const computed = useQuery({
    queryKey: ['audit', 'proof-holds', text],
    queryFn: () => holds(proof, text),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <>
      {computed.data !== undefined && (
        <p
          role="status"
          className={
            computed.data
              ? 'rounded-control bg-ok-soft px-2 py-1.5 text-label text-ok'
              : 'rounded-control bg-bad-soft px-2 py-1.5 text-label text-bad'
          }
        >
          {computed.data ? '✓ ' : '✕ '}
          {t(computed.data ? 'audit.proof.holds' : 'audit.proof.broken')}
          {computed.data && proof.leaf === entry.hash && ` ${t('audit.proof.entry')}`}
        </p>
      )}
      <Part title={t('audit.proof.leaf')}>
        <Copyable text={proof.leaf ?? ''} label={t('audit.proof.leaf')} />
      </Part>
      <Part title={t('audit.proof.path')}>
        {steps.length === 0 && <p className="text-label text-text-2">{t('audit.proof.path.none')}</p>}
        <ol className="flex flex-col gap-0.5 font-mono text-meta">
          {steps.map((step) => (
            <li key={step.hash} className="flex gap-2">
              <span className="w-8 shrink-0 text-text-3">{t(`audit.proof.${step.side}`)}</span>
              <span className="min-w-0 break-all select-all">{step.hash}</span>
            </li>
          ))}
        </ol>
      </Part>
      <Part title={t('audit.proof.root', { size: proof.size })}>
        <Copyable text={proof.root} label={t('audit.proof.root', { size: proof.size })} />
      </Part>
      <Part title={t('audit.proof.checkpoint')}>
        <Copyable text={proof.checkpoint} label={t('audit.proof.checkpoint')} />
      </Part>
      <div className="flex flex-wrap gap-2 pt-3">
        <Button small icon={Copy} onClick={() => copyText(text)}>
          {t('audit.proof.copy')}
        </Button>
        <Button
          small
          icon={Download}
          onClick={() => saveBlob(new Blob([text], { type: 'application/json' }), name)}
        >
          {t('audit.proof.save')}
        </Button>
      </div>
      <Part title={t('audit.proof.check')}>
        <p className="pb-1.5 text-label text-text-2">{t('audit.proof.check.how')}</p>
        <Copyable
          label={t('audit.proof.check')}
          text={`pryx audit checkpoint --key > pryx.key\npryx-audit-verify --key pryx.key --proof ${name}`}
        />
      </Part>
    </>
  );
}

export function ProofOf({ entry }: { entry: Entry }) {
  const proof = useProof(entry.index);
  const shown = useRef<HTMLDivElement>(null);
  const isThere = proof.data !== undefined;
  useEffect(() => {
    if (isThere) shown.current?.scrollIntoView?.({ block: 'start', behavior: 'instant' });
  }, [isThere]);
  return (
    <div ref={shown} className="flex scroll-mt-20 flex-col gap-2">
      <div data-prove>
        <Button small icon={ShieldCheck} keys="p" busy={proof.isPending} onClick={() => proof.mutate()}>
          {t(proof.data ? 'audit.proof.again' : 'audit.proof')}
        </Button>
      </div>
      {proof.isError && (
        <ErrorNote error={proof.error} what={t('audit.proof.failed')} retry={() => proof.mutate()} />
      )}
      {proof.data && <Shown made={proof.data} entry={entry} />}
    </div>
  );
}
