import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { PlaybookBrain } from '../../../src/agents/playbooks/playbook-brain.ts';
import type { CandidateInput } from '../../../src/agents/candidates/enumerate.ts';
import type { BrainDiagnosis } from '../../../src/domain/brain.ts';
import { NO_LIMIT } from '../../../src/domain/budget.ts';
import type { Severity } from '../../../src/domain/severity.ts';
import type { ClusterSnapshot } from '../../../src/domain/snapshot.ts';
import { evaluateHealth } from '../../../src/severity/health-oracle.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** Snapshots of real clusters: the demo shop with a fault, and generated applications. */
const folder = join(import.meta.dirname, '..', '..', 'fixtures', 'snapshots');
const all = readdirSync(folder).flatMap((file) => (file.endsWith('.json.gz') ? [file.slice(0, -8)] : []));
export const HEALTHY = all.filter((name) => name.endsWith('-healthy'));
export const BROKEN = all.filter((name) => !HEALTHY.includes(name));

export const NOTHING_FOUND: BrainDiagnosis = { findings: [], hypotheses: [] };

/** A recorded cluster with what the health oracle measures of it, as if no playbook had found anything. */
export function recorded(name: string): CandidateInput {
  const text = gunzipSync(readFileSync(join(folder, `${name}.json.gz`))).toString();
  const snapshot = JSON.parse(text) as ClusterSnapshot;
  return { snapshot, severity: severityOf(snapshot), diagnosis: NOTHING_FOUND };
}

/** What the health oracle measures; where it measures nothing, and something is known to be wrong, a check that fails. */
export function severityOf(snapshot: ClusterSnapshot, isWrong = false): Severity {
  const { items, progressing } = evaluateHealth(snapshot);
  const found = [...items, ...progressing];
  if (found.length > 0 || !isWrong) return { known: true, items: found };
  return { known: true, items: [{ source: 'check', object: null, what: 'front', grade: 1, message: '' }] };
}

/** What the playbooks find in it. */
export function playbooksOn({ snapshot, severity }: CandidateInput): Promise<BrainDiagnosis> {
  return new PlaybookBrain().diagnose({
    run: 'r',
    target: { context: 'c', server: 's', fingerprint: 'f', namespace: snapshot.namespaces[0]! },
    snapshot,
    severity,
    evidence: { readLog: async () => [], get: async () => null, list: async () => [] },
    clock: new FakeClock(),
    budget: NO_LIMIT,
    signal: new AbortController().signal,
    emit: () => undefined,
  });
}
