// SPDX-License-Identifier: MIT
// Entries by key, with those on top that came since; the verdict of the last verification; one entry; its proof.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { api, type Schemas, take } from '@/api/client';
import { useKeyset } from '@/api/keyset';
import { useBusState } from '@/bus/bus';
import { useBusEvent } from '@/bus/use-bus-event';
import type { AuditQuery } from './filters';

export type Entry = Schemas['AuditEntry'];
export type Verdict = Schemas['AuditVerdict'];
export type Proof = Schemas['AuditProof'];

const kPage = 200;
const kFreshPauseMs = 800;

export function useEntries(query: AuditQuery) {
  const key = JSON.stringify(query);
  const fetchPage = (cursor: string | undefined, limit = kPage) =>
    take(api.GET('/api/v1/audit', { params: { query: { ...query, limit, cursor } } }));
  const held = useKeyset<Entry>(key, fetchPage, (entry) => String(entry.index));
  const { list } = held;
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const refresh = () => {
    timer.current ??= setTimeout(async () => {
      timer.current = undefined;
      try {
        const page = await fetchPage(undefined, 50);
        const top = list.view().rows[0]?.index ?? 0;
        // A gap would hide entries: then it is read from the start.
        if (page.items.length === 50 && (page.items.at(-1)?.index ?? 0) > top + 1) void list.reload();
        else for (const entry of page.items.toReversed()) if (entry.index > top) list.put(entry, true);
      } catch {
        // The next event, or the page's own error, tells.
      }
    }, kFreshPauseMs);
  };
  useBusEvent('audit.head', refresh);
  // That event is not kept for those who were away.
  const connection = useBusState((state) => state.connection);
  const latest = useRef(refresh);
  latest.current = refresh;
  const wasAway = useRef(false);
  useEffect(() => {
    if (connection === 'live' && wasAway.current) latest.current();
    wasAway.current = connection !== 'live';
  }, [connection]);
  return held;
}

// Its cursor is the number behind it: that is how one entry is named.
export function useEntry(index: number, rows: Entry[]) {
  const here = rows.find((entry) => entry.index === index);
  const query = useQuery({
    queryKey: ['audit', 'entry', index],
    queryFn: async () => {
      const page = await take(
        api.GET('/api/v1/audit', { params: { query: { limit: 1, cursor: String(index + 1) } } }),
      );
      return page.items.find((entry) => entry.index === index) ?? null;
    },
    enabled: index > 0 && !here,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return {
    entry: here ?? query.data ?? undefined,
    isMissing: !here && query.data === null,
    error: query.error,
  };
}

// How far the log is signed, and what the last verification of all of it found, whoever asked for it. No event tells of one.
export const useAuditStatus = () =>
  useQuery({
    queryKey: ['audit', 'status'],
    queryFn: () => take(api.GET('/api/v1/audit/status')),
    refetchOnMount: 'always',
    refetchOnWindowFocus: 'always',
  });

export function useVerify() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (against: string[]) =>
      take(api.POST('/api/v1/audit/verify', { body: against.length > 0 ? { against } : {} })),
    onSettled: () => queries.invalidateQueries({ queryKey: ['audit', 'status'] }),
  });
}

export function useCheckpoint(enabled: boolean) {
  return useQuery({
    queryKey: ['audit', 'checkpoint'],
    queryFn: () => take(api.GET('/api/v1/audit/checkpoint')),
    enabled,
    staleTime: 0,
  });
}

export type ProofText = { proof: Proof; text: string };

// The text as the daemon wrote it is what the verifier reads.
export function useProof(index: number) {
  return useMutation({
    mutationKey: ['audit', 'proof', index],
    mutationFn: async (): Promise<ProofText> => {
      const text = (await take(
        api.GET('/api/v1/audit/proof', { params: { query: { index } }, parseAs: 'text' }),
      )) as unknown as string;
      return { proof: JSON.parse(text) as Proof, text };
    },
  });
}

export type ExportFormat = 'jsonl' | 'csv' | 'json';

// The whole log, the log from an entry on, or the entries that fit a query.
export type ExportPart = { from: number } | AuditQuery;

export async function exportLog(format: ExportFormat, part: ExportPart = {}): Promise<Blob> {
  const blob = await take(
    api.GET('/api/v1/audit/export', { params: { query: { format, ...part } }, parseAs: 'blob' }),
  );
  return blob as unknown as Blob;
}

export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

// A file of checkpoints: one note, or lines of {"note": …}.
export function readKept(text: string): string[] | null {
  if (!text.startsWith('{')) return /\n— /.test(text) ? [text] : null;
  const notes: string[] = [];
  for (const line of text.split('\n')) {
    if (!line.trim()) continue;
    try {
      const note: unknown = JSON.parse(line).note;
      if (typeof note !== 'string') return null;
      notes.push(note);
    } catch {
      return null;
    }
  }
  return notes.length > 0 ? notes : null;
}
