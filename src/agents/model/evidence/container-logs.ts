import type { EvidenceReads } from '../../../domain/brain.ts';
import { messageOf } from '../../../domain/cluster-error.ts';
import type { Evidence } from '../../../domain/finding.ts';
import type { KubeObject } from '../../../domain/kube-object.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { podStates, statusesOf } from '../../../kube/pod-state.ts';
import { isLiving } from '../../../kube/pods.ts';
import { counted } from '../../../text/plain-text.ts';
import { redact } from '../../../text/redact.ts';
import { factOf } from './facts.ts';
import type { LogTemplate } from '../../../text/log-templates.ts';
import { logTemplates } from '../../../text/log-templates.ts';

/** A container whose log may tell something. */
export interface LogSource {
  pod: KubeObject;
  container: string;
  /** Of the run before its last restart. */
  previous: boolean;
}

const PODS = 2;

/** Logs of a workload's containers that fail or were restarted; of its newest pod where none does. */
export function logSources(view: ClusterView, workload: KubeObject): LogSource[] {
  const states = podStates(
    view.podsOf(workload).filter(({ metadata }) => !metadata.deletionTimestamp),
    view.now,
  );
  const bad = states.filter(({ state }) => state.phase !== 'healthy' && state.phase !== 'finished');
  const byReason = new Map(bad.map(({ pod, state }) => [state.reason, pod]));
  const chosen = [...byReason.values()].slice(0, PODS);
  if (chosen.length === 0)
    chosen.push(
      ...states
        .map(({ pod }) => pod)
        .filter(isLiving)
        .slice(-1),
    );
  return chosen.flatMap((pod) =>
    statusesOf(pod)
      .filter((status) => bad.length === 0 || status.ready !== true || (status.restartCount ?? 0) > 0)
      .flatMap((status) => [
        ...(status.state?.running || status.state?.terminated
          ? [{ pod, container: status.name, previous: false }]
          : []),
        ...((status.restartCount ?? 0) > 0 ? [{ pod, container: status.name, previous: true }] : []),
      ]),
  );
}

/** Lines of a log without credentials, also those that span lines. @throws what the read throws */
export async function redactedLog(reads: EvidenceReads, { pod, container, previous }: LogSource): Promise<string[]> {
  const lines = await reads.readLog(pod.metadata.namespace ?? '', pod.metadata.name, container, previous);
  return lines.length === 0 ? [] : redact(lines.join('\n')).split('\n');
}

/** What a log says, as templates; a log that could not be read says so. */
export async function logFacts(reads: EvidenceReads, source: LogSource): Promise<Evidence[]> {
  try {
    return templateFacts(source, logTemplates(await redactedLog(reads, source)));
  } catch (error) {
    return [factOf('log', source.pod, `the log of ${logName(source)} could not be read: ${messageOf(error)}`)];
  }
}

export function templateFacts(source: LogSource, templates: readonly LogTemplate[]): Evidence[] {
  return templates.map(({ text, count, first, last }) => {
    const times = first === null ? '' : first === last || last === null ? ` at ${first}` : ` from ${first} to ${last}`;
    const often = count > 1 ? `×${count}` : '';
    const details = `${often}${times}`.trim();
    return factOf('log', source.pod, details ? `${text} (${details})` : text, logField(source));
  });
}

/** `geo`, `geo before its last restart`. */
export function logName({ container, previous }: LogSource): string {
  return `container ${container}${previous ? ' before its last restart' : ''}`;
}

/** `Pod/shop/geo-1 container geo, 3 kinds of lines`. */
export function logTitle(source: LogSource, facts: number): string {
  return `${logName(source)}, ${counted(facts, 'kind')} of lines`;
}

function logField({ container, previous }: LogSource): string {
  return `log[${container}]${previous ? '.previous' : ''}`;
}
