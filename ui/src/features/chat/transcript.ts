// SPDX-License-Identifier: MIT
// From messages to the rows of a transcript: turns in the order they were asked, results beside their calls, one end row per turn. Pure.
import type { Schemas } from '@/api/client';

export type Message = Schemas['Message'];
export type Part = Schemas['Part'];

// What the transcript shows of a turn's steps, so that the bus does not show it again: those that are complete, and how many tries
// of a step were interrupted.
export type Shown = { steps: Set<string>; halted: Map<string, number> };

// `again` of an answer: it was interrupted and another try of the same step followed.
export type Row =
  | { kind: 'user'; key: string; message: Message }
  | { kind: 'answer'; key: string; message: Message; results: Map<string, Part>; again: boolean }
  | { kind: 'mark'; key: string; message: Message }
  | { kind: 'end'; key: string; turn: string; user: Message | null; shown: Shown };

type Group = { turn: string | null; messages: Message[] };

function groups(messages: Message[]): Group[] {
  const byTurn = new Map<string, Group>();
  const all: Group[] = [];
  for (const message of messages) {
    const known = message.turn_id ? byTurn.get(message.turn_id) : undefined;
    if (known) {
      known.messages.push(message);
      continue;
    }
    const group = { turn: message.turn_id, messages: [message] };
    all.push(group);
    if (message.turn_id) byTurn.set(message.turn_id, group);
  }
  return all;
}

// What a call and its result share.
export const callKey = (part: Part) => part.step_id ?? part.call_id ?? '';

function rowsOf(group: Group): Row[] {
  const results = new Map<string, Part>();
  const calls = new Set<string>();
  const shown: Shown = { steps: new Set(), halted: new Map() };
  const lastOfStep = new Map<string, Message>();
  for (const message of group.messages) {
    const { step_id: step } = message;
    if (step) {
      lastOfStep.set(step, message);
      if (message.parts.some((part) => part.state === 'interrupted'))
        shown.halted.set(step, (shown.halted.get(step) ?? 0) + 1);
      else if (message.parts.every((part) => part.state === 'complete')) shown.steps.add(step);
    }
    for (const part of message.parts) {
      if (part.type === 'tool_result') results.set(callKey(part), part);
      if (part.type === 'tool_call') calls.add(callKey(part));
      if (part.type === 'tool_call' && part.step_id) shown.steps.add(part.step_id);
    }
  }
  const rows: Row[] = [];
  for (const message of group.messages) {
    const key = message.id;
    if (message.parts.some((part) => part.type === 'summary')) rows.push({ kind: 'mark', key, message });
    else if (message.role === 'user') rows.push({ kind: 'user', key, message });
    else if (message.role === 'tool') {
      const alone = message.parts.some((part) => part.type === 'tool_result' && !calls.has(callKey(part)));
      if (alone) rows.push({ kind: 'answer', key, message, results, again: false });
    } else if (message.parts.some((part) => part.state !== 'streaming')) {
      const again =
        message.parts.some((part) => part.state === 'interrupted') &&
        lastOfStep.get(message.step_id ?? '') !== message;
      rows.push({ kind: 'answer', key, message, results, again });
    }
  }
  if (group.turn !== null) {
    const user = group.messages.find((message) => message.role === 'user') ?? null;
    rows.push({ kind: 'end', key: group.turn, turn: group.turn, user, shown });
  }
  return rows;
}

export function toRows(messages: Message[]): Row[] {
  return groups(messages).flatMap(rowsOf);
}

// The turns of a transcript, newest last.
export function turnsOf(messages: Message[]): string[] {
  return groups(messages).flatMap((group) => group.turn ?? []);
}

// What an address points at: a turn, or one step of it.
export type Place = { turn: string; step: string };

// The row where that is; -1 when it is not in this transcript.
export function rowOf(rows: Row[], place: Place): number {
  const at = place.step
    ? rows.findIndex((row) => row.kind === 'answer' && hasStep(row.message, place.step))
    : -1;
  return at >= 0 || !place.turn ? at : rows.findIndex((row) => turnOf(row) === place.turn);
}

function hasStep(message: Message, step: string): boolean {
  return message.step_id === step || message.parts.some((part) => part.step_id === step);
}

export function turnOf(row: Row): string | null {
  return row.kind === 'end' ? row.turn : row.message.turn_id;
}

export function textOf(message: Message): string {
  return message.parts
    .filter((part) => part.type === 'text')
    .map((part) => part.text)
    .join('\n\n');
}
