import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { PlaybookBrain } from '../../src/agents/playbooks/playbook-brain.ts';
import type { BrainDiagnosis, EvidenceReads } from '../../src/domain/brain.ts';
import { NO_LIMIT } from '../../src/domain/budget.ts';
import type { Severity } from '../../src/domain/severity.ts';
import type { ClusterSnapshot } from '../../src/domain/snapshot.ts';
import { parseJson } from '../../src/json/lossless-json.ts';
import { evaluateHealth } from '../../src/severity/health-oracle.ts';
import { FakeClock } from './fake-clock.ts';

const folder = join(import.meta.dirname, '..', 'fixtures', 'snapshots');

/** Names of the snapshots of real clusters with a fault each, or none. */
export const RECORDED = readdirSync(folder)
  .flatMap((file) => (file.endsWith('.json.gz') ? [file.slice(0, -'.json.gz'.length)] : []))
  .sort();

/** As the API server's answers are read: objects that inherit nothing. */
export function recordedSnapshot(name: string): ClusterSnapshot {
  const text = gunzipSync(readFileSync(join(folder, `${name}.json.gz`))).toString();
  return parseJson(text) as unknown as ClusterSnapshot;
}

const shared = new Map<string, ClusterSnapshot>();

/** The same, read once for all who change nothing in it. */
export function sharedSnapshot(name: string): ClusterSnapshot {
  let snapshot = shared.get(name);
  if (!snapshot) shared.set(name, (snapshot = recordedSnapshot(name)));
  return snapshot;
}

export const NO_READS: EvidenceReads = { readLog: async () => [], get: async () => null, list: async () => [] };
export const UNSTOPPED = new AbortController().signal;

export function severityOf(snapshot: ClusterSnapshot): Severity {
  const { items, progressing } = evaluateHealth(snapshot);
  return { known: true, items: [...items, ...progressing] };
}

export function playbookOf(snapshot: ClusterSnapshot, reads: EvidenceReads = NO_READS): Promise<BrainDiagnosis> {
  return new PlaybookBrain().diagnose({
    run: 'r',
    target: { context: 'c', server: 's', fingerprint: 'f', namespace: snapshot.namespaces[0]! },
    snapshot,
    severity: severityOf(snapshot),
    evidence: reads,
    clock: new FakeClock(),
    budget: NO_LIMIT,
    signal: UNSTOPPED,
    emit: () => undefined,
  });
}
