// SPDX-License-Identifier: MIT
// What a call touches, read from what its hash binds. Tools differ in what they bind, so everything is optional. Pure.
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';

type Approval = Schemas['Approval'];
type FileChange = { path: string; before: number | null; after: number | null };
export type CallFacts = {
  hosts: string[];
  files: FileChange[];
  cwd: string | null;
  programs: [name: string, path: string][];
  workspace: string | null;
};

type Loose = Record<string, unknown>;
const isObject = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
const size = (value: unknown): number | null =>
  isObject(value) && typeof value.bytes === 'number' ? value.bytes : null;

export function callFacts(approval: Approval): CallFacts {
  const bound: Loose = isObject(approval.bound) ? approval.bound : {};
  const facts = isObject(bound.facts) ? bound.facts : {};
  const changes = Array.isArray(facts.changes) ? facts.changes.filter(isObject) : [];
  return {
    hosts: texts(facts.hosts),
    files: changes
      .filter((change) => typeof change.path === 'string')
      .map((change) => ({
        path: String(change.path),
        before: size(change.before),
        after: size(change.after),
      })),
    cwd: typeof facts.cwd === 'string' ? facts.cwd : null,
    programs: isObject(facts.programs)
      ? Object.entries(facts.programs).map(([name, path]) => [name, String(path)])
      : [],
    workspace: typeof bound.workspace === 'string' ? bound.workspace : null,
  };
}

// The rendering begins with the tool's name; what follows is the action.
export function actionOf(approval: Approval): string {
  const { rendering, tool } = approval;
  return rendering.startsWith(`${tool} `) ? rendering.slice(tool.length + 1) : rendering || tool;
}

const kLabels = new Set(['model', 'memory', 'file', 'web', 'private', 'secret', 'unreadable']);

// Labels as words; who the owner is says nothing to the owner.
export function labelsToTell(labels: string[]): string[] {
  return labels
    .filter((label) => label !== 'owner' && !label.startsWith('principal:'))
    .map((label) => (kLabels.has(label) ? t(`card.label.${label}`) : label));
}
