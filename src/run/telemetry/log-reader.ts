import { messageOf } from '../../domain/cluster-error.ts';
import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { refKey, refOf } from '../../domain/kube-object.ts';
import type { Severity } from '../../domain/severity.ts';
import { spokenOf } from '../../domain/severity.ts';
import type { LogsSeen, LogTemplateSeen, SignalsNow } from '../../domain/signals-now.ts';
import type { LogLine, LogSource } from '../../domain/telemetry.ts';
import type { ClusterView } from '../../kube/cluster-view.ts';
import { isLiving } from '../../kube/pods.ts';
import { workloadsTouchedBy } from '../../kube/subjects.ts';
import { workloadOfPod } from '../../signals/identity/labelled-objects.ts';
import type { TemplateChange } from '../../signals/logs/new-templates.ts';
import { comparedLogs } from '../../signals/logs/new-templates.ts';
import { redactedLines } from '../../signals/logs/redacted-lines.ts';
import { maskedText } from '../../text/log-templates.ts';
import { untrustedLine } from '../../text/redact.ts';
import type { Lines, LogSpan } from './log-lines.ts';
import { linesOfNamespaces, linesOfPods, NAMESPACE_LINES } from './log-lines.ts';

const MINUTE = 60_000;
/** An alert begins some time after its cause. */
const LEAD_MS = 3 * MINUTE;
const LONGEST_MS = 45 * MINUTE;
/** Since when, where nothing tells when it began. */
const LATELY_MS = 10 * MINUTE;
/** What is compared with. */
const BEFORE_MS = 30 * MINUTE;
const NAMESPACES = 3;
/** Workloads in trouble whose pods are read one by one, and pods of each. */
const WORKLOADS = 3;
const PODS = 2;
const KEPT = 12;
/** Templates of which the time before is asked for once more, each by itself. */
const ASKED_AGAIN = 5;
/** Of a template said less often its own words may be what differs each time. */
const LEAST_SAID = 2;
/** Words that are asked for, and how long they are together: fewer stand in other lines, too. */
const WORDS = 3;
const LEAST_PIECE = 10;
/** Numbers, and what stands for something that differs or was taken out. */
const DIFFERS = /\d|<|\[redacted/;
const TEXT = 300;

export interface LogParts {
  /** Null where none is configured. */
  source: LogSource | null;
  /** What kubelets keep. */
  kubelets: LogSource;
  view: ClusterView;
  severity: Severity;
  seen: Pick<SignalsNow, 'reading' | 'suspects'>;
  /** Milliseconds since the epoch. */
  now: number;
}

export interface ReadLogs {
  /** Null where nothing is in trouble, or nothing could be read. */
  logs: LogsSeen | null;
  /** What could not be read, one sentence each, without a full stop. */
  notes: string[];
}

/**
 * What logs of the scope say since something began that they did not say before. A source that is configured is asked for whole
 * namespaces, else, or where it says nothing, kubelets are asked for the containers of what is in trouble. Rejects on cancel only.
 */
export async function readLogs(parts: LogParts, signal: AbortSignal): Promise<ReadLogs> {
  const { source, kubelets, view, now } = parts;
  const began = beganAt(parts);
  const troubled = troubledPods(parts);
  if (began === null && troubled.length === 0) return { logs: null, notes: [] };
  const from = Math.max((began ?? now - LATELY_MS) - LEAD_MS, now - LONGEST_MS);
  const span: LogSpan = { beforeFrom: from - BEFORE_MS, from, to: now };
  const namespaces = view.snapshot.namespaces.slice(0, NAMESPACES);
  const notes: string[] = [];
  const attempt = async (asked: LogSource, read: () => Promise<Lines | string>): Promise<Lines | null> => {
    const lines = await read().catch((error: unknown) => {
      if (signal.aborted) throw error;
      return messageOf(error);
    });
    if (typeof lines !== 'string') return lines;
    if (lines !== '') notes.push(`${asked.name}: ${lines}`);
    return null;
  };
  const wide = source && (await attempt(source, () => linesOfNamespaces(source, troubled, namespaces, span, signal)));
  const lines = wide ?? (await attempt(kubelets, () => linesOfPods(kubelets, troubled, span, signal)));
  if (!lines) return { logs: null, notes };
  return { logs: await seenIn(lines, wide ? source! : kubelets, parts, span, signal), notes };
}

/** When the first of what is wrong began; null where nothing is, or nobody tells. */
function beganAt({ severity, seen, now }: LogParts): number | null {
  const times = [
    ...(severity.known ? severity.items.flatMap(({ since }) => since ?? []) : []),
    ...seen.reading.signals.filter(({ level }) => level === 'incident').map(({ since }) => since),
  ].filter((at) => at <= now);
  return times.length > 0 ? Math.min(...times) : null;
}

/** Living pods of what traces, severity and signals name, in this order. */
function troubledPods({ view, severity, seen }: LogParts): KubeObject[] {
  const { suspects } = seen.suspects;
  const items = severity.known ? severity.items : [];
  const named: ObjectRef[] = [
    ...suspects.flatMap(({ node }) => node.object ?? []),
    ...items.flatMap((item) => [...spokenOf(item), ...(item.asks ? [item.asks] : [])]),
    ...seen.reading.signals.filter(({ level }) => level !== 'forecast').flatMap(({ object }) => object ?? []),
  ];
  const workloads = new Map<string, KubeObject>();
  for (const ref of named) {
    const own = view.workloads().filter((workload) => refKey(refOf(workload)) === refKey(ref));
    for (const workload of own.length > 0 ? own : workloadsTouchedBy(view, ref))
      workloads.set(refKey(refOf(workload)), workload);
  }
  const singled = suspects.flatMap(({ pod }) => (pod ? (view.find('Pod', pod.namespace, pod.name) ?? []) : []));
  const others = [...workloads.values()]
    .slice(0, WORKLOADS)
    .flatMap((workload) => view.podsOf(workload).filter(isLiving).slice(0, PODS));
  return [...new Set([...singled, ...others])].slice(0, WORKLOADS * PODS);
}

async function seenIn(
  { before, after, isCut }: Lines,
  source: LogSource,
  { view, kubelets }: LogParts,
  { beforeFrom, from, to }: LogSpan,
  signal: AbortSignal,
): Promise<LogsSeen> {
  const { changes, unknown } = comparedLogs(redactedLines(before), redactedLines(after), isCut);
  // What was always said, and is of no trouble, is no evidence.
  const telling = changes.filter(({ isNew, before: old, template }) => isNew || old === 0 || template.trouble);
  const kept = telling.slice(0, KEPT);
  const isSearchable = isCut && source !== kubelets;
  const unsaid = isSearchable
    ? await unsaidBefore(kept, after, source, view, beforeFrom, from, signal)
    : new Set<TemplateChange>();
  const templates = kept.map((change): LogTemplateSeen => {
    const isNew = change.isNew || unsaid.has(change);
    return {
      text: untrustedLine(change.template.text, TEXT),
      object: objectOf(view, change.pods),
      count: change.after,
      before: change.before === 0 && unknown !== null && !isNew ? null : change.before,
      first: change.first ?? from,
      last: change.last ?? to,
      isNew,
      isTrouble: change.template.trouble,
    };
  });
  const [namespace = ''] = view.snapshot.namespaces;
  return {
    source: source.name,
    from,
    to,
    beforeFrom,
    templates: templates.sort((a, b) => Number(b.isNew) - Number(a.isNew) || Number(b.isTrouble) - Number(a.isTrouble)),
    more: telling.length - kept.length,
    link: source.link({ namespace, from, to, limit: NAMESPACE_LINES }),
    unknown: templates.every(({ before: old }) => old !== null) ? null : unknown,
  };
}

/** Changes whose words the source does not have from before, although there were more lines than could be read. */
async function unsaidBefore(
  changes: readonly TemplateChange[],
  after: readonly LogLine[],
  source: LogSource,
  view: ClusterView,
  from: number,
  to: number,
  signal: AbortSignal,
): Promise<Set<TemplateChange>> {
  const open = changes
    .filter(({ before, after: said, isNew }) => before === 0 && !isNew && said >= LEAST_SAID)
    .slice(0, ASKED_AGAIN);
  const found = await Promise.all(
    open.map(async (change) => {
      const text = pieceOf(change.template.text, after);
      if (text === null) return null;
      const answers = await Promise.all(
        view.snapshot.namespaces
          .slice(0, NAMESPACES)
          .map((namespace) => source.search({ namespace, text, from, to, limit: 1 }, signal)),
      ).catch((error: unknown) => {
        if (signal.aborted) throw error;
        return [];
      });
      const isUnsaid =
        answers.length > 0 && answers.every((answer) => answer.state === 'ok' && answer.value.length === 0);
      return isUnsaid ? change : null;
    }),
  );
  return new Set(found.filter((change) => change !== null));
}

/**
 * The first words in a row of a template, none of which may differ from line to line, that stand in a line as it was written;
 * null where there are none. Few words, so that a line that differs in the others is found, too.
 */
function pieceOf(template: string, lines: readonly LogLine[]): string | null {
  const words = maskedText(template).split(' ');
  for (const at of words.keys()) {
    const some = words.slice(at, at + WORDS);
    const piece = some.join(' ');
    if (some.length < WORDS || piece.length < LEAST_PIECE || some.some((word) => DIFFERS.test(word))) continue;
    if (lines.some(({ text }) => text.includes(piece))) return piece;
  }
  return null;
}

/** The workload whose pods alone say it. */
function objectOf(view: ClusterView, pods: readonly string[]): ObjectRef | null {
  const owners = pods.map((pod) => ownerOf(view, pod));
  const [first = null] = owners;
  return first !== null && owners.every((owner) => owner !== null && refKey(owner) === refKey(first)) ? first : null;
}

function ownerOf(view: ClusterView, pod: string): ObjectRef | null {
  for (const namespace of view.snapshot.namespaces) {
    const owner = workloadOfPod(view, namespace, pod);
    if (owner) return owner;
    const bare = view.find('Pod', namespace, pod);
    if (bare) return refOf(bare);
  }
  return null;
}
