import type { Clock } from '../domain/clock.ts';
import { ClusterError } from '../domain/cluster-error.ts';
import { refKey } from '../domain/kube-object.ts';
import type { FieldDifference, UndoResult } from '../domain/transaction.ts';
import { planInverse } from '../undo/inverse.ts';
import { KubeApi } from './kube-api.ts';
import { attribute } from './attribution.ts';
import { Discovery } from './discovery.ts';
import type { FaultHook } from './fault-points.ts';
import type { IntentRecord } from './journal-records.ts';
import { statusOf, writesOf } from './journal-records.ts';
import type { OpenJournal } from './journal-store.ts';
import { passAsUpstream } from './raw-access.ts';
import { Replay } from './replay.ts';
import { Stranded, UndoAccess } from './undo-access.ts';
import type { Upstream } from './upstream.ts';
import { UpstreamError } from './upstream.ts';
import { verifyUndo } from './verification.ts';

export interface UndoRunOptions {
  upstream: Upstream;
  journal: OpenJournal;
  manager: string;
  clock: Clock;
  signal: AbortSignal;
  patienceMs: number;
  convergeMs: number;
  restoreOwnership: boolean;
  mayWrite(): Promise<string | null>;
  crash: FaultHook;
}

/** Undoes one transaction from its journal and verifies the result. May be run again after any interruption. */
export async function runUndo(options: UndoRunOptions): Promise<UndoResult> {
  const access = new UndoAccess(options);
  try {
    return await undo(options, access);
  } catch (error) {
    if (error instanceof Stranded || error instanceof UpstreamError || error instanceof ClusterError) {
      return { outcome: 'stranded', writes: access.writes, reason: error.message };
    }
    throw error;
  }
}

async function undo(options: UndoRunOptions, access: UndoAccess): Promise<UndoResult> {
  const { journal, clock, crash, manager, upstream } = options;
  const now = () => new Date(clock.now()).toISOString();
  crash('undo.before-status');
  if (statusOf(journal.records) !== 'undoing') await journal.setStatus('undoing', now());
  crash('undo.after-status');
  await resolveUnknown(options, access);

  const plan = planInverse(writesOf(journal.records));
  const discovery = new Discovery(async (path) => new KubeApi(passAsUpstream(upstream)).find(path, options.signal));
  const replay = new Replay(access, discovery, manager);
  for (const step of plan) {
    crash('undo.before-step');
    await replay.perform(step);
    crash('undo.after-step');
  }

  const autoscaled = new Set(replay.autoscaled.map(refKey));
  const verified = await verifyUndo(access, plan, journal.records, {
    convergeMs: replay.differences.length > 0 ? 0 : options.convergeMs,
    restoreOwnership: options.restoreOwnership,
    autoscaled,
  });
  const proof = {
    ...verified.proof,
    residue: unique([...replay.residue, ...verified.proof.residue]),
    foreign: uniqueFields([...verified.proof.foreign, ...replay.foreign]),
  };
  const differences = uniqueFields([...replay.differences, ...verified.differences]);
  if (differences.length > 0) proof.levels.L1 = false;
  crash('undo.before-proof');
  await journal.append({ type: 'proof', proof, differences, at: now() });
  crash('undo.after-proof');
  if (differences.length > 0) {
    const reason = `${differences.length} field(s) could not be restored; first: ${differences[0]!.ref.kind}/${differences[0]!.ref.name} ${differences[0]!.path || '(whole object)'}`;
    await journal.setStatus('diverged', now(), reason);
    return { outcome: 'diverged', writes: access.writes, differences, reason };
  }
  await journal.setStatus('undone', now());
  crash('undo.after-done');
  return { outcome: 'undone', writes: access.writes, proof };
}

/** A request of a process that just died may still be on its way through the server. */
const IN_FLIGHT_MS = 1_500;

/** Finds out what became of writes whose answer never arrived. */
async function resolveUnknown({ journal, clock, manager }: UndoRunOptions, access: UndoAccess): Promise<void> {
  const unknown = new Set(
    writesOf(journal.records).flatMap((write) => (write.outcome === 'unknown' ? [write.seq] : [])),
  );
  const intents = journal.records.filter(
    (record): record is IntentRecord => record.type === 'intent' && unknown.has(record.seq),
  );
  for (const intent of intents) {
    let verdict = attribute(intent, await access.get(intent.path), manager);
    const age = clock.now() - Date.parse(intent.at);
    if (verdict.outcome === 'rejected' && age < IN_FLIGHT_MS) {
      await access.pause(IN_FLIGHT_MS - Math.max(age, 0));
      verdict = attribute(intent, await access.get(intent.path), manager);
    }
    // Unclear: taken as done, so that the restore looks at the object and names what is not as it was.
    const [outcome, after] =
      verdict.outcome === 'unclear'
        ? (['done', intent.predicted ?? intent.before] as const)
        : ([verdict.outcome, verdict.after] as const);
    await journal.append({
      type: 'outcome',
      seq: intent.seq,
      status: 0,
      outcome,
      after,
      message: 'found out after the answer was lost',
      at: new Date(clock.now()).toISOString(),
    });
  }
}

function unique(texts: string[]): string[] {
  return [...new Set(texts)];
}

function uniqueFields(fields: FieldDifference[]): FieldDifference[] {
  const seen = new Map(fields.toReversed().map((field) => [`${refKey(field.ref)} ${field.path}`, field]));
  return [...seen.values()].reverse();
}
