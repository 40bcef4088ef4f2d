import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterEvent } from '../../../../kube/cluster-view.ts';
import { containerStatuses, hasStarted } from '../../../../kube/image-state.ts';
import { isLiving, isReady } from '../../../../kube/pods.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import type { AnalyzerContext } from '../../engine/analyzer.ts';
import { eventEvidence, evidence } from '../../engine/analyzer.ts';

/** A line that a container of a workload wrote, or the command of its probe; `text` is untrusted. */
export interface LogLine {
  pod: KubeObject;
  container: string;
  text: string;
  /** Where a probe wrote it. */
  event?: ClusterEvent;
}

/** Pods of one workload whose logs are read: they mostly say the same. */
const PODS_READ = 2;
/** Of what one probe wrote. */
const PROBE_LINES = 20;

/**
 * What the containers of a workload said lately, init containers included, and what the commands of probes said that
 * failed; of pods that are not ready first. A log that cannot be read is empty.
 */
export async function workloadLog(context: AnalyzerContext, workload: KubeObject): Promise<LogLine[]> {
  const { view } = context;
  const pods = view.podsOf(workload).filter(isLiving);
  const chosen = [...pods].sort((a, b) => Number(isReady(a)) - Number(isReady(b))).slice(0, PODS_READ);
  const parts = chosen.flatMap((pod) =>
    containerStatuses(pod)
      .filter(hasStarted)
      .map(async (status) => {
        const container = String(status.name);
        // Between two runs, and shortly after a start, the former run is the one that tells.
        const former = status.state?.running && !isReady(pod) && Number(status.restartCount ?? 0) > 0;
        const before = former || status.state?.waiting ? await linesOf(context, pod, container, true) : [];
        const lines = [...before, ...(await linesOf(context, pod, container, false))];
        return lines.map((text) => ({ pod, container, text }));
      }),
  );
  return [...(await Promise.all(parts)).flat(), ...chosen.flatMap((pod) => probeLines(context, pod))];
}

/** Of what it said, as far as that tells of now. */
const LATE_LINES = 30;

/** The last of what {@link workloadLog} tells. */
export async function lateLines(context: AnalyzerContext, workload: KubeObject): Promise<LogLine[]> {
  return (await workloadLog(context, workload)).slice(-LATE_LINES);
}

/** Beginnings of what the kubelet itself says of a probe that failed (pkg/probe): what follows else a command wrote. */
const OF_KUBELET = /^(?:HTTP probe failed|Get "|dial tcp|timeout: |service unhealthy|error: |rpc error)/i;

function probeLines({ view }: AnalyzerContext, pod: KubeObject): LogLine[] {
  if (isReady(pod)) return [];
  return view.eventsOf(pod).flatMap((event): LogLine[] => {
    const text = /^(?:Readiness|Liveness|Startup) probe failed: (.+)/s.exec(event.message)?.[1];
    if (event.reason !== 'Unhealthy' || text === undefined || OF_KUBELET.test(text)) return [];
    return text.split('\n', PROBE_LINES).map((line) => ({ pod, container: '', text: line, event }));
  });
}

function linesOf(
  { readLog }: AnalyzerContext,
  { metadata }: KubeObject,
  container: string,
  previous: boolean,
): Promise<string[]> {
  // A log that cannot be read is missing evidence, not a reason to give up the diagnosis.
  return readLog(metadata.namespace ?? '', metadata.name, container, previous).catch(() => []);
}

export function logEvidence({ pod, container, text, event }: LogLine): Evidence {
  if (event) return eventEvidence(event, pod);
  return evidence('log', pod, `log of container ${container}`, untrustedLine(text));
}

/** Words of a line that tells of an error. */
export const TELLING =
  /error|fatal|panic|exception|fail|refused|denied|cannot|can't|unable|no such|not found|timeout|invalid|unknown|usage|read-only|must /i;

/** Words of many programs and libraries for a name that nobody could resolve. */
const UNRESOLVED =
  /bad address|no such host|could(?:n't| not) (?:be )?resolved?|can(?:'t|not) (?:be )?resolved?|name or service not known|name does not resolve|ENOTFOUND|EAI_AGAIN|EAI_NONAME|NXDOMAIN|unknown ?host|nodename nor servname|temporary failure in name resolution|could not translate host ?name|name resolution|failed to resolve|server can't find|no address associated/i;
/** … and for one that gave no answer. */
const UNANSWERED =
  /waiting for|waiting on|not (?:yet )?(?:available|ready|reachable|up)|unavailable|refused|unreachable|timed? ?out|deadline exceeded|no route|gave nothing|no answer|no response|(?:can(?:'t|not)|could(?:n't| not)|unable to|failed to|failure to) \w+|failed|failure|error|down\b|retry|upstream|502|503|504/i;

export type Complaint = 'unresolved' | 'unanswered';

/** What a line says of a host that it names as a word of its own; null: nothing bad. */
export function complaintAbout(text: string, host: string): Complaint | null {
  if (!namesHost(text, host)) return null;
  if (UNRESOLVED.test(text)) return 'unresolved';
  return UNANSWERED.test(text) ? 'unanswered' : null;
}

/** True for a line that says that some name could not be resolved. */
export function isUnresolved(text: string): boolean {
  return UNRESOLVED.test(text);
}

/** Whether a line names a host as a word of its own. @param host lower case */
export function namesHost(text: string, host: string): boolean {
  const lower = text.toLowerCase();
  for (let at = lower.indexOf(host); at >= 0; at = lower.indexOf(host, at + 1)) {
    const before = lower[at - 1] ?? '';
    const rest = lower.slice(at + host.length);
    if (!/[a-z0-9_.-]/.test(before) && !/^(?:[a-z0-9_-]|\.[a-z0-9])/.test(rest)) return true;
  }
  return false;
}

const NAMED = [
  /bad address '([^':]+)(?::\d+)?'/i,
  /lookup ([a-z0-9.-]+)(?: on \S+)?: (?:no such host|.*(?:i\/o timeout|server misbehaving|temporary failure))/i,
  /(?:resolve|translate) host(?: ?name)?:? ["']?([a-z0-9.-]+)/i,
  /(?:ENOTFOUND|EAI_AGAIN)\s+([a-z0-9.-]+)/,
  /UnknownHostException:? ([a-z0-9.-]+)/,
  /(?:can't|cannot|could not|couldn't|failed to) resolve:? ["']?([a-z0-9][a-z0-9.-]*)/i,
  /server can't find ([a-z0-9.-]+):/i,
  /waiting (?:for|on)(?: (?:host|service|server))? ["']?(?:[a-z]+:\/\/)?([a-z0-9][a-z0-9.-]*)(?=:\d)/i,
  /(?:upstream|host|backend) ["']?([a-z0-9][a-z0-9.-]*)(?::\d+)?["']? (?:gave nothing|not found|is unreachable|could not be resolved)/i,
  /no answer from ([a-z0-9][a-z0-9.-]*)(?::\d+)?/i,
  /dial tcp: lookup ([a-z0-9.-]+)/i,
];

/** Hosts that a line says it could not find or is waiting for, lower case and without port. */
export function hostsComplainedOf(text: string): string[] {
  const hosts = NAMED.flatMap((pattern) => {
    const host = pattern.exec(text)?.[1];
    return host && /^[a-z]/i.test(host) && host.toLowerCase() !== 'host'
      ? [host.toLowerCase().replace(/\.+$/, '')]
      : [];
  });
  return [...new Set(hosts)];
}
