import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { eventEvidence, evidence } from '../../engine/analyzer.ts';
import type { ClusterEvent, ClusterView } from '../../../../kube/cluster-view.ts';
import { isAbout, isCrashing, isUnready, lastEnd, podContainers } from '../../../../kube/container-trouble.ts';
import type { PodContainer } from '../../../../kube/container-trouble.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import type { ContainerSpec, Untyped } from '../../../../kube/pod-template.ts';
import { isReady } from '../../../../kube/pods.ts';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';
export type ProbeField = `${ProbeKind}Probe`;

/** A probe of the template that keeps a container from serving. */
export interface FailingProbe extends PodContainer {
  own: ContainerSpec;
  kind: ProbeKind;
  field: ProbeField;
  /** As the template has it. */
  probe: Untyped;
  /** What the kubelet said about it, newest first. */
  events: ClusterEvent[];
  /** The kubelet ended the container for it. */
  kill: ClusterEvent | null;
}

const KINDS: readonly ProbeKind[] = ['startup', 'liveness', 'readiness'];

/**
 * Probes that the kubelet says to fail on containers that do not serve: killed for it again and again, or not ready
 * although the probe had its time. One entry per container and probe, from the pod that tells most.
 */
export function failingProbes(view: ClusterView, workload: KubeObject): FailingProbe[] {
  const found = new Map<string, FailingProbe>();
  for (const at of podContainers(view, workload)) {
    const { pod, status, own } = at;
    if (!own || lastEnd(status)?.reason === 'OOMKilled') continue;
    if (isReady(pod) && !isCrashing(status, view.now)) continue;
    const about = view.eventsOf(pod).filter((event) => isAbout(event, at));
    for (const kind of KINDS) {
      const field: ProbeField = `${kind}Probe`;
      const probe: Untyped = own.spec?.[field];
      if (!probe) continue;
      const events = about.filter(({ reason, message }) => isFailure(reason) && startsWith(message, kind));
      const kill = about.find((event) => event.reason === 'Killing' && isKillFor(event, kind)) ?? null;
      if (!isFailing(view, at, kind, events, kill)) continue;
      const key = `${own.pointer}${field}`;
      const known = found.get(key);
      if (!known || events.length > known.events.length)
        found.set(key, { ...at, own, kind, field, probe, events, kill });
    }
  }
  return [...found.values()];
}

const isFailure = (reason: string) => reason === 'Unhealthy' || reason === 'ProbeWarning';
const startsWith = (message: string, kind: ProbeKind) => message.toLowerCase().startsWith(kind);
const isKillFor = ({ message }: ClusterEvent, kind: ProbeKind) => new RegExp(`failed ${kind} probe`, 'i').test(message);

function isFailing(
  view: ClusterView,
  at: PodContainer,
  kind: ProbeKind,
  events: ClusterEvent[],
  kill: ClusterEvent | null,
): boolean {
  if (kind !== 'readiness' && kill && Number(at.status?.restartCount ?? 0) > 0) return true;
  if (events.length === 0) return false;
  if (isCrashing(at.status, view.now)) return kill !== null || kind === 'readiness';
  if (kind === 'liveness') return false;
  const probe = at.spec?.[`${kind}Probe`];
  const since = Date.parse(at.status?.state?.running?.startedAt ?? '') || 0;
  const times = events.filter((event) => event.at >= since - 1000).reduce((sum, event) => sum + event.count, 0);
  return isUnready(view, at) || (at.status?.ready === false && times >= Number(probe?.failureThreshold ?? 3));
}

/** Without the kubelet's word that it timed out, a probe failed for what it was told. */
export function timedOut({ events }: FailingProbe): ClusterEvent | undefined {
  return events.find(({ message }) => TIMED_OUT.test(message) && !UNREACHED.test(message));
}

const TIMED_OUT =
  /timed out after|deadline ?exceeded|Client\.Timeout|timeout \d\S* exceeded|did not complete within|request canceled/i;
/** The connection was never made: a longer patience would not make it. */
const UNREACHED = /i\/o timeout|no route to host|connection refused|no such host|failed to connect service/i;

/** The probe as the template has it, and what the kubelet said of it. */
export function probeEvidence(workload: KubeObject, failing: FailingProbe, telling?: ClusterEvent): Evidence[] {
  const { own, field, probe, pod, events, kill } = failing;
  const place = `${podTemplateOf(workload)!.field}.${own.place}.${field}`;
  const said = telling ?? events[0];
  return [
    evidence('spec', workload, place, `${field} of container ${own.name}: ${probeInWords(probe)}`),
    ...(said ? [eventEvidence(said, pod)] : []),
    ...(kill ? [eventEvidence(kill, pod)] : []),
  ];
}

/** `GET http port 8080 /healthz, every 10 s, 3 times, answer within 1 s`. */
export function probeInWords(probe: Untyped): string {
  const { httpGet, tcpSocket, grpc, exec } = probe ?? {};
  const what = httpGet
    ? `GET ${String(httpGet.scheme ?? 'HTTP').toLowerCase()} port ${httpGet.port} ${httpGet.path ?? '/'}`
    : tcpSocket
      ? `connects to port ${tcpSocket.port}`
      : grpc
        ? `asks gRPC port ${grpc.port}`
        : exec
          ? 'runs a command'
          : 'asks nothing';
  const delay = probe?.initialDelaySeconds ? ` from ${probe.initialDelaySeconds} s on` : '';
  return (
    `${what}${delay}, every ${probe?.periodSeconds ?? 10} s, ${probe?.failureThreshold ?? 3} failures count, ` +
    `answer within ${probe?.timeoutSeconds ?? 1} s`
  );
}
