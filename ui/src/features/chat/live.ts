// SPDX-License-Identifier: MIT
// What turns do at this moment, from the bus: streamed text by step, output of running tools, pauses before another try. Told to the
// page at most 30 times a second. What is on disk comes by HTTP; this is only what is not there yet.
import { useCallback, useSyncExternalStore } from 'react';
import type { Schemas } from '@/api/client';
import type { BusEvent } from '@/bus/bus';
import { type Joined, joinPiece, joinWhole, kNothing } from './join';

export type LiveStep = {
  id: string;
  kind: 'model' | 'tool';
  attempt: number;
  model: string | null;
  tool: string | null;
  rendering: string | null;
  running: boolean;
  text: Joined;
  reasoning: Joined;
  output: Joined;
};

export type LiveTurn = {
  steps: LiveStep[];
  retry: { reason: string; until: number } | null;
  // Somebody else answers than was asked.
  notices: string[];
};

const kFrameMs = 33;
const kKeptTurns = 40;
const kNoTurn: LiveTurn = { steps: [], retry: null, notices: [] };

type Payload = Record<string, unknown>;
const text = (payload: Payload, name: string) => (typeof payload[name] === 'string' ? payload[name] : '');
const number = (payload: Payload, name: string) => (typeof payload[name] === 'number' ? payload[name] : 0);

function newStep(id: string, kind: LiveStep['kind']): LiveStep {
  return {
    id,
    kind,
    attempt: 1,
    model: null,
    tool: null,
    rendering: null,
    running: true,
    text: kNothing,
    reasoning: kNothing,
    output: kNothing,
  };
}

export class LiveTurns {
  #turns = new Map<string, LiveTurn>();
  #listeners = new Map<string, Set<() => void>>();
  #dirty = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  // A piece is missing: the turn has to be asked for.
  onMissing: (turn: string) => void = () => {};

  get(turn: string): LiveTurn {
    return this.#turns.get(turn) ?? kNoTurn;
  }

  subscribe(turn: string, call: () => void): () => void {
    const set = this.#listeners.get(turn) ?? new Set();
    this.#listeners.set(turn, set.add(call));
    return () => {
      set.delete(call);
      if (set.size === 0) this.#listeners.delete(turn);
    };
  }

  take({ event, payload }: Pick<BusEvent, 'event' | 'payload'>): void {
    const turn = text(payload, 'turn_id');
    const step = text(payload, 'step_id');
    if (!turn) return;
    if (event === 'turn.delta') this.#delta(turn, step, payload);
    else if (event === 'tool.output') this.#join(turn, step, 'tool', 'output', payload);
    else if (event === 'step.started') this.#started(turn, step, payload);
    else if (event === 'step.finished' || event === 'tool.finished')
      this.#change(turn, step, 'tool', () => ({ running: false }));
    else if (event === 'tool.requested')
      this.#change(turn, step, 'tool', () => ({
        tool: text(payload, 'tool'),
        rendering: text(payload, 'rendering'),
        running: false,
      }));
    else if (event === 'tool.started')
      this.#change(turn, step, 'tool', () => ({ tool: text(payload, 'tool'), running: true }));
    else if (event === 'turn.retrying')
      this.#set(turn, {
        retry: { reason: text(payload, 'reason'), until: Date.now() + number(payload, 'delay_ms') },
      });
    else if (event === 'turn.fallback') {
      const notices = [...this.get(turn).notices, text(payload, 'text')];
      this.#set(turn, { notices, retry: null });
    }
  }

  // What the daemon has of the turn. Text of an attempt that is over is not joined to a newer one.
  takeWhole(turn: Schemas['Turn']): void {
    for (const partial of turn.partial) {
      const attempt = turn.steps.find((step) => step.id === partial.step_id)?.attempt ?? 1;
      this.#change(turn.id, partial.step_id, 'model', (known) => {
        if (known.attempt > attempt) return {};
        const fresh = known.attempt < attempt ? { attempt, text: kNothing, reasoning: kNothing } : {};
        const base = { ...known, ...fresh };
        return { ...fresh, [partial.part]: joinWhole(base[partial.part], partial.text) };
      });
    }
  }

  #delta(turn: string, step: string, payload: Payload): void {
    const part = text(payload, 'part') === 'reasoning' ? 'reasoning' : 'text';
    if (this.get(turn).retry) this.#set(turn, { retry: null });
    this.#join(turn, step, 'model', part, payload);
  }

  #join(
    turn: string,
    id: string,
    kind: LiveStep['kind'],
    part: 'text' | 'reasoning' | 'output',
    payload: Payload,
  ): void {
    let missing = false;
    this.#change(turn, id, kind, (step) => {
      const next = joinPiece(step[part], number(payload, 'offset'), text(payload, 'text'));
      missing = next.missing;
      return { [part]: next.joined };
    });
    // Output of a tool is not kept while it runs, so there is nobody to ask.
    if (missing && part !== 'output') this.onMissing(turn);
  }

  #started(turn: string, step: string, payload: Payload): void {
    const kind = text(payload, 'kind') === 'model' ? 'model' : 'tool';
    const attempt = number(payload, 'attempt');
    this.#set(turn, { retry: null });
    this.#change(turn, step, kind, (known) => ({
      kind,
      attempt,
      model: text(payload, 'model') || known.model,
      running: true,
      // Another try begins anew.
      ...(attempt > known.attempt ? { text: kNothing, reasoning: kNothing, output: kNothing } : {}),
    }));
  }

  #change(
    turn: string,
    id: string,
    kind: LiveStep['kind'],
    change: (step: LiveStep) => Partial<LiveStep>,
  ): void {
    if (!id) return;
    const { steps } = this.get(turn);
    const known = steps.find((step) => step.id === id);
    const base = known ?? newStep(id, kind);
    const next = { ...base, ...change(base) };
    this.#set(turn, {
      steps: known ? steps.map((step) => (step === known ? next : step)) : [...steps, next],
    });
  }

  #set(turn: string, change: Partial<LiveTurn>): void {
    this.#turns.set(turn, { ...this.get(turn), ...change });
    if (this.#turns.size > kKeptTurns) {
      const [oldest] = this.#turns.keys();
      if (oldest !== undefined && oldest !== turn) this.#turns.delete(oldest);
    }
    this.#dirty.add(turn);
    this.#timer ??= setTimeout(() => this.#tell(), kFrameMs);
  }

  #tell(): void {
    this.#timer = undefined;
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const turn of dirty) for (const call of this.#listeners.get(turn) ?? []) call();
  }
}

export const live = new LiveTurns();

export function useLiveTurn(turn: string): LiveTurn {
  const subscribe = useCallback((call: () => void) => live.subscribe(turn, call), [turn]);
  return useSyncExternalStore(subscribe, () => live.get(turn));
}
