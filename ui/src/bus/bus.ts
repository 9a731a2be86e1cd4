// SPDX-License-Identifier: MIT
// The daemon's bus over one WebSocket: every durable event once and in order, resumed by version after a loss, and requests with
// their answers. One for the page; owned by main.tsx.
import { create } from 'zustand';
import { csrfToken } from '@/api/credentials';
import type { Envelope, Events } from '@/api/schema';
import { t } from '@/i18n';
import { useReach } from '@/lib/reach';

export type EventName = keyof Events;
type Around = Pick<Envelope, 'version' | 'session_id' | 'surface' | 'timestamp'> & { type: 'event' };
export type BusEvent = {
  [Name in EventName]: Around & { event: Name; payload: Events[Name] };
}[EventName];

// An event's name, all of a kind, or all.
export type Pattern = EventName | `${string}.*` | '*';
type Fitting<P extends Pattern> = P extends '*'
  ? EventName
  : P extends `${infer Kind}.*`
    ? Extract<EventName, `${Kind}.${string}`>
    : P;
export type BusEventOf<P extends Pattern> = Extract<BusEvent, { event: Fitting<P> }>;

export type Connection = 'connecting' | 'live' | 'offline';

type BusState = {
  connection: Connection;
  offlineSince: number | null;
  retryAt: number | null;
  version: number | null;
};

// What the shell shows of the connection.
export const useBusState = create<BusState>(() => ({
  connection: 'connecting',
  offlineSince: null,
  retryAt: null,
  version: null,
}));

useBusState.subscribe(({ connection }) => useReach.setState({ away: connection === 'offline' }));

// One that this page does not know yet is passed on all the same: nobody asks for it by name.
function isEvent(message: object): message is BusEvent {
  return 'type' in message && message.type === 'event';
}

type Listener = { pattern: Pattern; call: (event: BusEvent) => void };
type Waiting = {
  resolve: (payload: unknown) => void;
  reject: (error: Error) => void;
  limit: ReturnType<typeof setTimeout>;
};

const kFirstPause = 500;
const kLongestPause = 15_000;
const kMaxWaiting = 64;
// A line can be dead without being closed: the machine slept, or a tunnel hangs. When nothing was heard for the first time, the
// daemon is asked; when it says nothing for the second, which is long for one that is only busy, the line is given up.
const kQuietMs = 20_000;
const kAnswerMs = 10_000;

function fits(pattern: Pattern, name: string): boolean {
  if (pattern === '*' || pattern === name) return true;
  return pattern.endsWith('.*') && name.startsWith(pattern.slice(0, -1));
}

export class Bus {
  #socket: WebSocket | null = null;
  #since: number | null = null;
  #pause = kFirstPause;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #listeners = new Set<Listener>();
  #waiting = new Map<string, Waiting>();
  #requests = 0;
  #wanted = false;
  // Called on every (re)connection that cannot be joined by version, to load everything anew.
  onReset: () => void = () => {};
  // Called when the daemon is back after it was away: what was asked in between got no answer.
  onBack: () => void = () => {};
  // Asks whether this browser is still known; false ends the attempts.
  mayConnect: () => Promise<boolean> = async () => true;

  start(since: number | null): void {
    this.#wanted = true;
    this.#since = since;
    this.#open();
  }

  stop(): void {
    this.#wanted = false;
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    const old = this.#socket;
    this.#socket = null;
    old?.close();
    this.#failWaiting(t('bus.closed'));
  }

  // `pattern` is an event's name, `approval.*`, or `*`. Returns what ends it.
  on<P extends Pattern>(pattern: P, call: (event: BusEventOf<P>) => void): () => void {
    // It is called with events that fit, and with no others.
    const listener: Listener = { pattern, call: (event) => call(event as BusEventOf<P>) };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // Refused when no answer comes within `limitMs`: it may have been done all the same.
  request(event: string, payload: Record<string, unknown>, limitMs = kAnswerMs): Promise<unknown> {
    const socket = this.#socket;
    if (!socket || socket.readyState !== WebSocket.OPEN) return Promise.reject(new Error(t('bus.away')));
    if (this.#waiting.size >= kMaxWaiting) return Promise.reject(new Error(t('bus.many')));
    this.#requests += 1;
    const id = `ui-${this.#requests}`;
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(t('bus.slow')));
      }, limitMs);
      this.#waiting.set(id, { resolve, reject, limit });
      const body = { type: 'request', schema: 1, event, request_id: id, csrf: csrfToken(), payload };
      socket.send(JSON.stringify(body));
    });
  }

  // Tries at once, for a person who does not want to wait.
  retryNow(): void {
    if (this.#socket || !this.#wanted) return;
    clearTimeout(this.#timer);
    void this.#retry();
  }

  #open(): void {
    const since = this.#since === null ? '' : `?since=${this.#since}`;
    const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/api/v1/ws${since}`);
    this.#socket = socket;
    socket.addEventListener('open', () => {
      if (this.#socket !== socket) return;
      this.#heard(socket);
      this.#pause = kFirstPause;
      const wasAway = useBusState.getState().offlineSince !== null;
      useBusState.setState({ connection: 'live', offlineSince: null, retryAt: null });
      if (wasAway) this.onBack();
    });
    socket.addEventListener('message', (message) => {
      if (this.#socket !== socket) return;
      this.#heard(socket);
      this.#take(String(message.data));
    });
    socket.addEventListener('close', () => this.#lose(socket));
    this.#silence = setTimeout(() => this.#lose(socket), kAnswerMs);
  }

  #heard(socket: WebSocket): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      if (socket.readyState === WebSocket.OPEN)
        socket.send(JSON.stringify({ type: 'request', schema: 1, event: 'ping', payload: {} }));
      this.#silence = setTimeout(() => this.#lose(socket), kAnswerMs);
    }, kQuietMs);
  }

  // A dead line's own end may come minutes later or never, so it is not waited for.
  #lose(socket: WebSocket): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    clearTimeout(this.#silence);
    socket.close();
    this.#failWaiting(t('bus.lost'));
    if (this.#wanted) this.#retryLater();
  }

  #take(text: string): void {
    let message: Partial<Envelope>;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if (isEvent(message)) {
      this.#deliver(message);
      return;
    }
    const { request_id: id = '', payload } = message;
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.limit);
    if (message.type === 'response') waiting.resolve(payload);
    else waiting.reject(new Error(String(payload?.detail ?? payload?.message ?? t('bus.refused'))));
  }

  #deliver(event: BusEvent): void {
    if (event.event === 'bus.reset') this.onReset();
    if (event.version > (this.#since ?? -1)) {
      this.#since = event.version;
      useBusState.setState({ version: event.version });
    }
    for (const listener of this.#listeners) if (fits(listener.pattern, event.event)) listener.call(event);
  }

  #retryLater(): void {
    const { offlineSince } = useBusState.getState();
    useBusState.setState({
      connection: 'offline',
      offlineSince: offlineSince ?? Date.now(),
      retryAt: Date.now() + this.#pause,
    });
    this.#timer = setTimeout(() => void this.#retry(), this.#pause);
    this.#pause = Math.min(this.#pause * 2, kLongestPause);
  }

  async #retry(): Promise<void> {
    useBusState.setState({ retryAt: null });
    let may = true;
    try {
      may = await this.#askMayConnect();
    } catch {
      if (this.#wanted) this.#retryLater();
      return;
    }
    if (may && this.#wanted) this.#open();
  }

  // On a dead line this has no end either.
  async #askMayConnect(): Promise<boolean> {
    let limit: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      limit = setTimeout(() => reject(new Error(t('bus.slow'))), kAnswerMs);
    });
    try {
      return await Promise.race([this.mayConnect(), late]);
    } finally {
      clearTimeout(limit);
    }
  }

  #failWaiting(why: string): void {
    for (const waiting of this.#waiting.values()) {
      clearTimeout(waiting.limit);
      waiting.reject(new Error(why));
    }
    this.#waiting.clear();
  }
}

export const bus = new Bus();
