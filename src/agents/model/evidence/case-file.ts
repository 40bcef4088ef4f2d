import type { BrainDiagnosis, EvidenceReads } from '../../../domain/brain.ts';
import type { Evidence, Finding } from '../../../domain/finding.ts';
import type { KubeObject } from '../../../domain/kube-object.ts';
import { refKey, refLabel, refOf } from '../../../domain/kube-object.ts';
import type { Severity, SeverityItem } from '../../../domain/severity.ts';
import type { ClusterSnapshot } from '../../../domain/snapshot.ts';
import { ClusterView } from '../../../kube/cluster-view.ts';
import { isServed } from '../../../kube/container-trouble.ts';
import { podState } from '../../../kube/pod-state.ts';
import { untrustedLine } from '../../../text/redact.ts';
import type { LogSource } from './container-logs.ts';
import { logFacts, logSources, logTitle } from './container-logs.ts';
import { eventGroups, groupFact, isUsual } from './event-groups.ts';
import type { EvidenceDesk } from './evidence-desk.ts';
import { agoText, factOf, objectFacts } from './facts.ts';
import type { Block, Section } from './fitted.ts';
import { fitted } from './fitted.ts';
import { recentChanges } from './recent-changes.ts';
import type { Troubled } from './troubled.ts';
import { troubledBy } from './troubled.ts';
import { wiringFacts } from './wiring.ts';

export interface CaseInput {
  snapshot: ClusterSnapshot;
  severity: Severity;
  reads: EvidenceReads;
  /** What playbooks say; null where they were not asked. */
  playbook: BrainDiagnosis | null;
  /** Every fact that is shown is filed here. */
  evidence: EvidenceDesk;
  signal: AbortSignal;
  /** At four characters each. */
  budgetTokens: number;
}

/** Logs that are read at most. */
const LOGS = 12;
/** Callers whose logs are read: what fails behind them shows there. */
const CALLERS = 3;
const CHANGES = 12;

/**
 * One incident as the first message to a model: what is wrong, what playbooks concluded, what changed, the objects, events
 * and logs that speak of it, each fact with the id under which it is filed. At most `budgetTokens`, most telling first;
 * what is left out is counted. Redacted; untrusted all the same.
 */
export async function caseFile(input: CaseInput): Promise<string> {
  const { snapshot, severity, playbook, budgetTokens, evidence, signal } = input;
  signal.throwIfAborted();
  const view = new ClusterView(snapshot);
  const troubled = troubledBy(view, severity, playbook);
  const logs = await logBlocks(view, troubled, input);
  signal.throwIfAborted();
  const limit = Math.max(0, Math.floor(budgetTokens * 4));
  const head = `${headOf(snapshot)}\n\n`.slice(0, limit);
  const sections: Section[] = [
    {
      title: 'What is wrong, as measured',
      share: 0.12,
      nothing: 'Nothing is measured as wrong.',
      blocks: wrongBlocks(severity),
    },
    {
      title: 'What the playbooks found',
      share: 0.2,
      nothing: playbook ? 'Nothing.' : 'They were not asked.',
      blocks: findingBlocks(playbook),
    },
    { title: 'What changed', share: 0.15, nothing: 'No change is recorded.', blocks: changeBlocks(view, troubled) },
    { title: 'Objects in trouble', share: 0.23, nothing: 'None.', blocks: objectBlocks(view, troubled) },
    {
      title: 'Events',
      share: 0.12,
      nothing: view.known('Event') ? 'None.' : 'Unknown: events could not be read.',
      blocks: eventBlocks(view, troubled),
    },
    { title: 'Logs, as templates', share: 0.18, nothing: 'No container has a log to read.', blocks: logs },
  ];
  return head + fitted(sections, limit - head.length, evidence);
}

function headOf({ takenAt, namespaces, unreadable, objects }: ClusterSnapshot): string {
  const scope = `Read at ${untrustedLine(takenAt, 40)}; in scope: namespace ${namespaces.join(', ')}.`;
  const counts = Object.entries(objects).filter(([kind, list]) => list.length > 0 && kind !== 'Event');
  const there = `Objects: ${counts.map(([kind, list]) => `${list.length} ${kind}`).join(', ')}.`;
  const not = Object.entries(unreadable).map(([kind, why]) => `${kind} (${untrustedLine(why, 80)})`);
  return [
    scope,
    there,
    ...(not.length > 0 ? [`Unknown, because they could not be read: ${not.join(', ')}.`] : []),
  ].join('\n');
}

function wrongBlocks(severity: Severity): Block[] {
  if (!severity.known)
    return [
      { title: '', facts: [factOf('status', null, `how the cluster is could not be measured: ${severity.reason}`)] },
    ];
  const facts = severity.items.map(itemFact);
  return facts.length > 0 ? [{ title: '', facts, withObject: true }] : [];
}

/** What an oracle measured, as a fact. */
export function itemFact({ source, object, what, grade, message }: SeverityItem): Evidence {
  const part = grade < 1 ? `, grade ${grade.toFixed(2)}` : '';
  return { ...factOf('status', null, `${source} ${what}${part}: ${message}`), ...(object ? { object } : {}) };
}

function findingBlocks(playbook: BrainDiagnosis | null): Block[] {
  return (playbook?.findings ?? []).map((finding) => ({
    title: findingTitle(finding),
    facts: findingFacts(finding),
    withObject: true as const,
  }));
}

/** `service-target-port (critical, no fix: …) Service/shop/geo: its message`. */
export function findingTitle({ rule, severity, object, message, fixes, unfixed }: Finding): string {
  const known = fixes.length === 1 ? '1 fix' : `${fixes.length} fixes`;
  const fix = fixes.length > 0 ? known : `no fix${unfixed ? `: ${unfixed}` : ''}`;
  return untrustedLine(`${rule} (${severity}, ${fix}) ${refLabel(object)}: ${message}`, 500);
}

export function findingFacts({ evidence }: Finding): Evidence[] {
  return evidence.map((fact) => ({ ...fact, text: untrustedLine(fact.text, 400) }));
}

function changeBlocks(view: ClusterView, troubled: Troubled): Block[] {
  const near = new Set(
    [...troubled.named, ...troubled.workloads, ...troubled.neighbours].map((object) => refKey(refOf(object))),
  );
  const changes = recentChanges(view);
  const first = changes.filter(({ object }) => near.has(refKey(refOf(object))));
  return [...first, ...changes.filter((change) => !first.includes(change))]
    .slice(0, CHANGES)
    .map(({ object, facts }) => ({ title: refLabel(refOf(object)), facts }));
}

function objectBlocks(view: ClusterView, troubled: Troubled): Block[] {
  const shown = [...troubled.named, ...troubled.workloads, ...troubled.pods, ...troubled.neighbours];
  return [...new Set(shown)].map((object) => {
    const state = object.kind === 'Pod' ? `, ${podState(object, view.now).text}` : '';
    const title = untrustedLine(`${refLabel(refOf(object))}${ageOf(view, object)}${state}`, 400);
    return { title, facts: [...wiringOf(view, object), ...ownFacts(view, object, troubled)] };
  });
}

/** Of a pod, its state; nothing of workloads that are well and are only next to what is not. */
function ownFacts(view: ClusterView, object: KubeObject, { named, workloads }: Troubled): Evidence[] {
  if (object.kind === 'Pod' && view.workloadOf(object) !== object) return podFacts(object);
  const isNamed = named.includes(object) || !workloads.includes(object);
  return isNamed || !isServed(view, object) ? objectFacts(object) : [];
}

/** The template of its workload tells the rest. */
function podFacts(pod: KubeObject): Evidence[] {
  return objectFacts(pod).filter(({ field = '' }) => field.startsWith('status') || /nodeName|deletion/.test(field));
}

/** What a pod hangs together with is told with its workload. */
function wiringOf(view: ClusterView, object: KubeObject): Evidence[] {
  return object.kind === 'Pod' && view.workloadOf(object) !== object ? [] : wiringFacts(view, object);
}

function ageOf(view: ClusterView, { metadata }: KubeObject): string {
  const made = Date.parse(metadata.creationTimestamp ?? '');
  return Number.isNaN(made) ? '' : `, ${agoText(view.now - made)} old`;
}

function eventBlocks(view: ClusterView, troubled: Troubled): Block[] {
  const near = new Set(
    [
      ...troubled.named,
      ...troubled.workloads,
      ...troubled.neighbours,
      ...troubled.workloads.flatMap((one) => view.podsOf(one)),
    ].map((object) => refKey(refOf(object))),
  );
  const groups = eventGroups(view).filter((group) => !isUsual(group));
  const first = groups.filter(({ object }) => near.has(refKey(object)));
  const others = groups.filter((group) => !first.includes(group) && group.type === 'Warning');
  const facts = [...first, ...others].map((group) => groupFact(group, view.now));
  return facts.length > 0 ? [{ title: '', facts, withObject: true }] : [];
}

async function logBlocks(view: ClusterView, troubled: Troubled, { reads, signal }: CaseInput): Promise<Block[]> {
  const workloads = [...troubled.workloads, ...troubled.callers.slice(0, CALLERS)];
  const sources = workloads.flatMap((workload) => logSources(view, workload)).slice(0, LOGS);
  const reading = Promise.all(sources.map((source) => logFacts(reads, source)));
  const logs = await untilAborted(reading, signal);
  return sources.flatMap((source, index) => (logs[index]!.length > 0 ? [logBlock(source, logs[index]!)] : []));
}

function logBlock(source: LogSource, facts: readonly Evidence[]): Block {
  return { title: `${refLabel(refOf(source.pod))} ${logTitle(source, facts.length)}`, facts };
}

/** Reads cannot be stopped, but nobody waits for them any longer. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // What starts the work may have stopped it, too.
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  return Promise.race([work, aborted]);
}
