// SPDX-License-Identifier: MIT
// What goes wrong between the page and the daemon, in one form: an RFC 9457 problem, or no answer at all.
import { addMessages, t } from '@/i18n';
import { apiMessages } from './messages';
import type { components } from './schema';

// Here, not where the application starts: an error may be made before that.
addMessages(apiMessages);

export type ProblemBody = components['schemas']['Problem'];

export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly requestId: string;
  readonly traceId: string;
  readonly body: Partial<ProblemBody>;

  constructor(status: number, body: Partial<ProblemBody>) {
    super(body.detail ?? body.title ?? t('api.status', { status }));
    this.name = 'Problem';
    this.status = status;
    this.code = body.code ?? '';
    this.requestId = body.request_id ?? '';
    this.traceId = body.trace_id ?? '';
    this.body = body;
  }
}

// The daemon did not answer: it is stopped, restarting, or out of reach.
export class Unreachable extends Error {
  constructor() {
    super(t('api.unreachable'));
    this.name = 'Unreachable';
  }
}

export function isSignedOut(error: unknown): boolean {
  return error instanceof Problem && error.status === 401;
}

// What a person can pass on: no content of theirs, only what names the failure.
export function reportText(error: unknown): string {
  const lines = [`time: ${new Date().toISOString()}`, `page: ${location.pathname}`];
  if (error instanceof Problem) {
    lines.push(`code: ${error.code}`, `status: ${error.status}`, `request: ${error.requestId}`);
    if (error.traceId) lines.push(`trace: ${error.traceId}`);
  }
  lines.push(`error: ${error instanceof Error ? error.message : String(error)}`);
  return lines.join('\n');
}
