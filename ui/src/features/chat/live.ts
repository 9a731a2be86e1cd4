// SPDX-License-Identifier: MIT
// What turns do at this moment, from the bus: streamed text by step, output of running tools, pauses before another try. Told to the
// page at most 30 times a second. What is on disk comes by HTTP; this is only what is not there yet.
import { useCallback, useSyncExternalStore } from 'react';
import type { Schemas } from '@/api/client';
import type { Events } from '@/api/schema';
import type { EventName } from '@/bus/bus';
import { daemonNow } from '@/lib/daemon-clock';
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
  // `step`: the one that waits for long and can be asked at once; `detail`: what its last attempt ended with.
  retry: { reason: string; detail: string; until: number; step: string | null } | null;
  // Somebody else answers than was asked.
  notices: string[];
};

const kFrameMs = 33;
const kKeptTurns = 40;
const kNoTurn: LiveTurn = { steps: [], retry: null, notices: [] };

export type LiveEvent = { [Name in EventName]: { event: Name; payload: Events[Name] } }[EventName];

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

  take(news: LiveEvent): void {
    switch (news.event) {
      case 'turn.delta':
        this.#delta(news.payload);
        break;
      case 'tool.output':
        this.#join('tool', 'output', news.payload);
        break;
      case 'step.started':
        this.#started(news.payload);
        break;
      case 'step.finished':
      case 'tool.finished':
        this.#change(news.payload.turn_id, news.payload.step_id, 'tool', () => ({ running: false }));
        break;
      case 'tool.requested': {
        const { turn_id, step_id, tool, rendering } = news.payload;
        this.#change(turn_id, step_id, 'tool', () => ({ tool, rendering, running: false }));
        break;
      }
      case 'tool.started': {
        const { turn_id, step_id, tool } = news.payload;
        this.#change(turn_id, step_id, 'tool', () => ({ tool, running: true }));
        break;
      }
      case 'turn.retrying': {
        const { turn_id, step_id, reason, delay_ms, waits, detail = '' } = news.payload;
        const retry = { reason, detail, until: daemonNow() + delay_ms, step: waits ? step_id : null };
        // Nobody stands in while a turn waits: all are asked again after it, the chosen one first.
        this.#set(turn_id, waits ? { retry, notices: [] } : { retry });
        break;
      }
      case 'turn.fallback': {
        const { turn_id, text } = news.payload;
        this.#set(turn_id, { notices: [...this.get(turn_id).notices, text], retry: null });
        break;
      }
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

  #delta(piece: Events['turn.delta']): void {
    if (this.get(piece.turn_id).retry) this.#set(piece.turn_id, { retry: null });
    this.#join('model', piece.part, piece);
  }

  #join(
    kind: LiveStep['kind'],
    part: 'text' | 'reasoning' | 'output',
    piece: Pick<Events['turn.delta'], 'turn_id' | 'step_id' | 'offset' | 'text'>,
  ): void {
    let missing = false;
    this.#change(piece.turn_id, piece.step_id, kind, (step) => {
      const next = joinPiece(step[part], piece.offset, piece.text);
      missing = next.missing;
      return { [part]: next.joined };
    });
    // Output of a tool is not kept while it runs, so there is nobody to ask.
    if (missing && part !== 'output') this.onMissing(piece.turn_id);
  }

  #started({ turn_id, step_id, kind, attempt, model }: Events['step.started']): void {
    this.#set(turn_id, { retry: null });
    this.#change(turn_id, step_id, kind, (known) => ({
      kind,
      attempt,
      model: model || known.model,
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
