import { NO_LIMIT } from './budget.ts';
import { isMap } from '../json/json-map.ts';
import type { RunEvent } from './run-event.ts';

/** A line of an event log as it was found. */
export type LogLine =
  | { state: 'event'; event: RunEvent }
  /** Written by a version that knows more kinds of events; the others can be read without it. */
  | { state: 'newer'; type: string }
  | { state: 'damaged'; problem: string };

type Value = Record<string, unknown>;
type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
const number: Check = (value) => typeof value === 'number';
const flag: Check = (value) => typeof value === 'boolean';
const map = (fields: Record<string, Check> = {}): Check => {
  return (value) => isMap(value) && Object.entries(fields).every(([name, check]) => check(value[name]));
};
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const either =
  (...checks: Check[]): Check =>
  (value) =>
    checks.some((check) => check(value));
const nothing: Check = (value) => value === null;
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

const object = map({ apiVersion: text, kind: text, name: text });
const item = map({ source: text, object: either(nothing, object), what: text, grade: number, message: text });
const severity: Check = (value) =>
  isMap(value) && (value.known === true ? list(item)(value.items) : value.known === false && text(value.reason));
const finding = map({
  id: text, rule: text, severity: text, object, message: text,
  evidence: list(map({ source: text, text })),
  fixes: list(map({ commands: list(list(text)), expects: text, confidence: number })),
}); // prettier-ignore
const plan = map({
  hash: text, title: text, findingId: text, expects: text,
  steps: list(either(map({ argv: list(text), why: text }), map({ action: map({ name: text, digest: text }), why: text }), map({ repository: text, why: text }))),
  files: list(map({ name: text, content: text })),
}); // prettier-ignore
const undo = map({ class: text, residue: list(text), inverse: text });
const rehearsal = map({
  argv: list(text), ok: flag, problem: text, partial: flag,
  writes: list(map({ ref: object, method: text, undo })),
}); // prettier-ignore
const samples = list(map({ at: number, value: number }));
const chart = map({
  title: text,
  unit: text,
  lines: list(map({ label: text, samples })),
  marks: list(map({ at: number, label: text })),
});
const shownSignals = map({
  at: number,
  signals: list(map({ kind: text, level: text, message: text, since: number, chart: either(nothing, chart) })),
  suspects: list(map({ message: text, score: number, confidence: number, node: map({ name: text }) })),
  waterfall: either(nothing, map({ trace: text, durationMs: number, rows: list(map({ service: text, operation: text, depth: number, startMs: number, durationMs: number })) })),
  logs: maybe(map({
    source: text, from: number, to: number, beforeFrom: number, more: number, link: either(nothing, text), unknown: either(nothing, text),
    templates: list(map({ text, object: either(nothing, object), count: number, before: either(nothing, number), first: number, last: number, isNew: flag, isTrouble: flag })),
  })),
  kernel: maybe(list(map({ message: text }))),
  incidents: maybe(list(map({
    title: text, since: number, root: either(nothing, map({ object, reason: text })), count: number, isStorm: flag,
    members: list(map({ source: text, message: text, since: either(nothing, number), why: text })),
  }))),
  unknown: list(text),
}); // prettier-ignore
const partners = list(map({ name: text, via: text }));
const radius = map({
  objects: number, pods: number, services: list(map({ service: object, ready: number, out: number })),
  budgets: list(map({ budget: object, allowed: number })), unknown: list(text),
  calls: maybe(map({
    callers: partners, callerCount: number, callees: partners, calleeCount: number, perSecond: either(nothing, number),
    isPartial: flag, bySettings: flag, unknown: list(text),
  })),
}); // prettier-ignore
const agent: Check = (value) => ['detection', 'diagnosis', 'mitigation', 'undo'].includes(value as string);

/** What each event must have for its readers to work; more is let be. */
const FIELDS: Record<RunEvent['type'], Record<string, Check>> = {
  started: {
    run: text,
    target: map({ context: text, server: text, fingerprint: text, namespace: text }),
    brains: list(text),
    options: map({ maxAttempts: number, maxWrites: number, wallClockMs: number }),
    schema: number,
  },
  detected: { severity, oracles: map() },
  diagnosed: { findings: list(finding), hypotheses: list(map({ cause: text, explains: list(text), by: text })) },
  planned: { plan: either(nothing, plan), reason: text },
  rehearsed: {
    steps: list(rehearsal),
    hash: text,
    radius: maybe(radius),
    stepRadii: maybe(list(radius)),
    person: maybe(text),
  },
  approved: { hash: text, by: map({ via: text, id: text, at: number }) },
  rejected: { reason: text, final: maybe(flag) },
  lockAcquired: { level: text },
  lockDenied: { holder: text, reason: text, owed: maybe(text), own: maybe(flag) },
  checkpointed: { tx: text, severity },
  stepDone: { index: number, writes: number },
  stepFailed: { index: number, writes: number, reason: text },
  settled: { settled: flag, pending: list(text) },
  judged: {
    severity,
    verdict: map({ commit: flag, reason: text, ours: list(item), foreign: list(item) }),
    cheats: list(text),
  },
  commitRecorded: { tx: text },
  undone: { tx: text, result: map({ outcome: text, writes: number }) },
  verified: { severity },
  reflected: { lesson: text },
  usage: { model: text, tokensIn: number, tokensOut: number, usd: either(nothing, number) },
  budgetExtended: { budget: map() },
  budgetRefused: { reason: text },
  effectFailed: { effect: text, reason: text },
  cancelRequested: {},
  tick: {},
  lockLost: { reason: text },
  contextMoved: { reason: text },
  phase: { phase: text, attempt: number },
  thought: { agent, text, partial: maybe(flag) },
  toolCall: { agent, tool: text, args: text, digest: text },
  command: { argv: list(text), exitCode: number, stdout: text, stderr: text, writes: number },
  converted: { from: list(text), to: list(list(text)), reason: text },
  progress: { text },
  signals: { shown: shownSignals },
  result: {
    result: map({
      outcome: text, attempts: number, writes: number, seconds: number, transactions: list(text),
      findings: list(finding), reason: text,
    }),
  },
}; // prettier-ignore

/** Reads one line of an event log, of this version or an older one. Never throws. */
export function readLogLine(line: string): LogLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // The line is reported as damaged.
    return { state: 'damaged', problem: 'it is no JSON' };
  }
  if (!isMap(value) || typeof value.type !== 'string' || typeof value.at !== 'number')
    return { state: 'damaged', problem: 'it is no event' };
  if (!Object.hasOwn(FIELDS, value.type)) return { state: 'newer', type: value.type.slice(0, 60) };
  const event = upgraded(value);
  const fields = FIELDS[value.type as RunEvent['type']];
  const wrong = Object.entries(fields).find(([name, check]) => !check(event[name]));
  if (wrong) return { state: 'damaged', problem: `'${wrong[0]}' of '${value.type}' cannot be read` };
  return { state: 'event', event: event as unknown as RunEvent };
}

/** Events of schema 1 as they would be written today. */
function upgraded(event: Value): Value {
  switch (event.type) {
    case 'started': {
      const { brain, options, schema = 1, ...rest } = event;
      const limits = isMap(options) ? { budget: NO_LIMIT, ...options } : options;
      return { ...rest, brains: rest.brains ?? [brain], options: limits, schema };
    }
    case 'diagnosed':
      return { hypotheses: [], ...event, findings: each(event.findings, withChanges) };
    case 'planned':
      return isMap(event.plan) ? { ...event, plan: { ...event.plan, steps: each(event.plan.steps, typed) } } : event;
    case 'result':
      return isMap(event.result)
        ? { ...event, result: { ...event.result, findings: each(event.result.findings, withChanges) } }
        : event;
    case 'lockDenied': {
      // Holders are named like `ada@laptop pid 7`: this one stood for one's own unfinished transaction.
      const owed = event.holder === 'this machine' && /^transaction (\S+) /.exec(String(event.reason))?.[1];
      return owed ? { owed, ...event } : event;
    }
    case 'approved': {
      if (typeof event.by !== 'string') return event;
      const by = event.by === 'user' ? { via: 'cli', id: 'user' } : { via: 'policy', id: 'flag' };
      return { ...event, by: { ...by, at: event.at } };
    }
    default:
      return event;
  }
}

/** Steps were kubectl commands only, and fixes knew their commands but not what they change. */
const typed = (step: Value): Value => ({ type: 'kubectl', ...step });
const withChanges = (finding: Value): Value => ({
  ...finding,
  fixes: each(finding.fixes, (fix) => ({ changes: [], ...fix })),
});

function each(value: unknown, change: (item: Value) => Value): unknown {
  return Array.isArray(value) ? value.map((item: unknown) => (isMap(item) ? change(item) : item)) : value;
}
