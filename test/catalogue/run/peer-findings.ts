import type { NamedFinding } from '../causes.ts';
import { findingsOf } from '../causes.ts';

/** What a tool says about one object, loud enough for somebody to look: warning or error. */
export interface PeerFinding extends NamedFinding {
  /** The same for two looks at one state, whatever its pods are called. */
  key: string;
}

interface PopeyeReport {
  popeye?: {
    sections?: {
      linter?: string;
      gvr?: string;
      issues?: Record<string, { gvr?: string; group?: string; level?: number; message?: string }[]> | null;
    }[];
  };
}

const POPEYE_WARNING = 2;

/** @throws Error when it is no report of popeye */
export function popeyeFindings(stdout: string): PeerFinding[] {
  const { popeye } = JSON.parse(stdout) as PopeyeReport;
  if (!popeye) throw new Error('popeye printed no report');
  return (popeye.sections ?? []).flatMap(({ linter = '', issues }) =>
    Object.entries(issues ?? {}).flatMap(([object, all]) =>
      all
        .filter(({ level = 0 }) => level >= POPEYE_WARNING)
        .map(({ group = '', message = '' }) => {
          // `__root__`: of the object itself and not of one of its containers.
          const part = group === '__root__' ? '' : group;
          return found(linter, [linter, object, part, message].filter(Boolean).join(' '), message);
        }),
    ),
  );
}

interface K8sgptReport {
  results?: { kind?: string; name?: string; error?: { Text?: string }[]; parentObject?: string }[] | null;
}

/** All that k8sgpt reports is a problem to it. @throws Error when it is no report of k8sgpt */
export function k8sgptFindings(stdout: string): PeerFinding[] {
  const report = JSON.parse(stdout) as K8sgptReport & { status?: unknown };
  if (report.status === undefined && report.results === undefined) throw new Error('k8sgpt printed no report');
  return (report.results ?? []).flatMap(({ kind = '', name = '', error = [], parentObject = '' }) =>
    error.map(({ Text = '' }) => found(kind, [kind, name, parentObject, Text].filter(Boolean).join(' '), Text)),
  );
}

/** @throws Error when it is no diagnosis of the product */
export function productFindings(stdout: string): PeerFinding[] {
  const { findings } = JSON.parse(stdout) as { findings?: { severity?: string }[] };
  if (!findings) throw new Error('no diagnosis was printed');
  const loud = findings.filter(({ severity }) => severity !== 'info');
  return findingsOf({ type: 'diagnosis', findings: loud }).map(({ rule, text, message }) => found(rule, text, message));
}

function found(rule: string, text: string, message: string): PeerFinding {
  return { rule, message, text, key: `${rule} ${withoutPods(text)}` };
}

/** Made-up parts of names are of this alphabet, which spells no words. */
const DRAWN = '[bcdfghjklmnpqrstvwxz2456789]';
const OF_A_POD = new RegExp(`(-${DRAWN}{6,10})?-${DRAWN}{5}\\b`, 'g');

/** Names of pods without what tells those of one workload apart. */
const withoutPods = (text: string): string => text.replace(OF_A_POD, '-POD');

/** What was said of the healthy application and is said still: nothing of it can be the fault. */
export function falseAlarms(healthy: readonly PeerFinding[], broken: readonly PeerFinding[]): PeerFinding[] {
  const before = new Set(healthy.map(({ key }) => key));
  return broken.filter(({ key }) => before.has(key));
}

/** What is said of the broken application only. */
export function news(healthy: readonly PeerFinding[], broken: readonly PeerFinding[]): PeerFinding[] {
  const before = new Set(healthy.map(({ key }) => key));
  return broken.filter(({ key }) => !before.has(key));
}
