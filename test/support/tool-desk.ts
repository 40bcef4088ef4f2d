import { EvidenceDesk } from '../../src/agents/model/evidence/evidence-desk.ts';
import type { ToolDesk } from '../../src/agents/model/tools/tool.ts';
import type { ToolResult } from '../../src/agents/model/tools/run-tool.ts';
import { runTool } from '../../src/agents/model/tools/run-tool.ts';
import type { EvidenceReads } from '../../src/domain/brain.ts';
import type { KubeObject } from '../../src/domain/kube-object.ts';
import type { ClusterSnapshot } from '../../src/domain/snapshot.ts';
import { FakeClock } from './fake-clock.ts';
import { severityOf, sharedSnapshot, UNSTOPPED } from './recorded.ts';

/** Reads that answer from a snapshot, as a cluster that has not changed since does. */
export function readsOf(snapshot: ClusterSnapshot, logs: Record<string, string[]> = {}): EvidenceReads {
  const all = (kind: string): KubeObject[] => snapshot.objects[kind] ?? [];
  return {
    readLog: async (_namespace, pod, container, previous) =>
      logs[`${pod}/${container}${previous ? '/previous' : ''}`] ?? logs[previous ? '*/previous' : '*'] ?? [],
    get: async ({ kind, namespace, name }) =>
      all(kind).find(({ metadata }) => metadata.name === name && metadata.namespace === namespace) ?? null,
    list: async ({ kind }, namespace) =>
      all(kind).filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace),
  };
}

export function toolDesk(snapshot: ClusterSnapshot | string, change: Partial<ToolDesk> = {}): ToolDesk {
  const read = typeof snapshot === 'string' ? sharedSnapshot(snapshot) : snapshot;
  return {
    target: { context: 'c', server: 's', fingerprint: 'f', namespace: read.namespaces[0]! },
    snapshot: read,
    severity: severityOf(read),
    reads: readsOf(read),
    playbook: null,
    attempts: [],
    evidence: new EvidenceDesk(),
    clock: new FakeClock(),
    signal: UNSTOPPED,
    ...change,
  };
}

export function ask(desk: ToolDesk, tool: string, args: unknown = {}): Promise<ToolResult> {
  return runTool({ id: '1', tool, args: typeof args === 'string' ? args : JSON.stringify(args) }, desk);
}
