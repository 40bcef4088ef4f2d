import { createHash } from 'node:crypto';
import { counted } from '../../text/plain-text.ts';
import type { Clock } from '../../domain/clock.ts';
import { ClusterError } from '../../domain/cluster-error.ts';
import type { KubeObject } from '../../domain/kube-object.ts';
import { refKey, refLabel } from '../../domain/kube-object.ts';
import type { FieldDifference, Loss, UndoProof, UndoResult } from '../../domain/transaction.ts';
import type { InverseStep } from '../../undo/inverse.ts';
import { blankField } from '../../undo/difference.ts';
import { givenFirst } from '../../undo/given-first.ts';
import { planInverse } from '../../undo/inverse.ts';
import { KubeApi } from '../wire/kube-api.ts';
import { setAsideLosses } from './accepted-losses.ts';
import { attribute } from '../write/attribution.ts';
import { Discovery } from '../wire/discovery.ts';
import type { FaultHook } from '../journal/fault-points.ts';
import { LiveFacts } from '../inventory/live-facts.ts';
import type { LossWatch } from '../inventory/loss-watch.ts';
import { MetadataReader } from '../inventory/metadata-reader.ts';
import type { IntentRecord, JournalRecord } from '../journal/journal-records.ts';
import { rootsIn } from '../journal/journal-facts.ts';
import { statusOf, writesOf } from '../journal/journal-records.ts';
import { actionsOf } from '../journal/journaled-action.ts';
import type { OpenJournal } from '../journal/open-journal.ts';
import { JournalUnwritable } from '../journal/journal-unwritable.ts';
import { passAsUpstream } from '../wire/raw-access.ts';
import { Replay } from './replay.ts';
import { takeDownLeftovers } from './leftover-replicas.ts';
import { releaseStuckReplicas } from './stuck-replicas.ts';
import { shortfallOf } from './shortfall.ts';
import { Stranded, UndoAccess } from './undo-access.ts';
import { UndoFindings } from './undo-findings.ts';
import type { UndoneAction } from './undo-actions.ts';
import { inOrder, UndoActions } from './undo-actions.ts';
import type { Upstream } from '../wire/upstream.ts';
import { UpstreamError } from '../wire/upstream.ts';
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
  /** Tells what else vanished. */
  losses: LossWatch;
}

/** After these the undo is still owed: the cluster cannot be reached, or the journal not be written. */
const OWED = [Stranded, UpstreamError, ClusterError, JournalUnwritable];

/** Undoes one transaction from its journal and verifies the result. May be run again after any interruption. */
export async function runUndo(options: UndoRunOptions): Promise<UndoResult> {
  const access = new UndoAccess(options);
  options.journal.goOnWithoutFile();
  try {
    return tellLoss(options.journal, await undo(options, access));
  } catch (error) {
    if (OWED.some((kind) => error instanceof kind)) {
      return tellLoss(options.journal, {
        outcome: 'stranded',
        writes: access.writes,
        reason: (error as Error).message,
      });
    }
    throw error;
  }
}

/** Nobody can go on later with what only this process knew. */
function tellLoss({ lost, records }: OpenJournal, result: UndoResult): UndoResult {
  if (!lost) return result;
  if (result.outcome === 'undone') {
    const residue = [...result.proof.residue, `undone from memory, its journal is gone (${lost.message})`];
    return { ...result, proof: { ...result.proof, residue } };
  }
  const objects = rootsIn(records).map(refLabel).join(', ');
  const reason = `${result.reason}; its journal is gone (${lost.message}), so that it cannot be finished later: look at ${objects}`;
  return { ...result, reason };
}

async function undo(options: UndoRunOptions, access: UndoAccess): Promise<UndoResult> {
  const { journal, clock, crash } = options;
  const now = () => new Date(clock.now()).toISOString();
  crash('undo.before-status');
  if (statusOf(journal.records) !== 'undoing') await journal.setStatus('undoing', now());
  crash('undo.after-status');
  await resolveUnknown(options, access);

  let round = await undoOnce(options, access);
  for (let n = 1; n < MAX_ROUNDS && (await landedLate(options, access, round.plan)); n++) {
    round = await undoOnce(options, access);
  }
  const { differences } = round;
  const pods = round.proof.levels.L4 === false ? await shortfallOf(access, round.plan) : [];
  const shortfall = [...round.shortfall, ...pods];
  const proof = {
    ...round.proof,
    ...(await lossesOf(options, round)),
    ...(shortfall.length > 0 ? { shortfall } : {}),
  };
  crash('undo.before-proof');
  await journal.append({ type: 'proof', proof, differences, at: now() });
  crash('undo.after-proof');
  if (differences.length > 0) {
    const reason = `${counted(differences.length, 'field')} could not be restored; first: ${differences[0]!.ref.kind}/${differences[0]!.ref.name} ${differences[0]!.path || '(whole object)'}`;
    await journal.setStatus('diverged', now(), reason);
    return { outcome: 'diverged', writes: access.writes, differences, reason };
  }
  await journal.setStatus('undone', now());
  crash('undo.after-done');
  return { outcome: 'undone', writes: access.writes, proof };
}

/** Replays the inverse of what the journal knows, and compares. */
async function undoOnce(options: UndoRunOptions, access: UndoAccess) {
  const { journal, crash, manager, upstream } = options;
  const { plan, losses } = await setAsideLosses(access, planInverse(writesOf(journal.records)), journal.records);
  const discovery = new Discovery(async (path) => new KubeApi(passAsUpstream(upstream)).find(path, options.signal));
  const findings = new UndoFindings();
  const mayGo = new Set(
    journal.records.flatMap((record) =>
      record.type === 'intent' && record.forecast.class !== 'exact' ? [refKey(record.ref)] : [],
    ),
  );
  const facts = new LiveFacts(access.reads, discovery, new MetadataReader(access.reads), () => options.clock.now());
  const ownClaims = new Set(
    writesOf(journal.records).flatMap(({ ref, before, after }) =>
      ref.kind === 'PersistentVolumeClaim' && !before && after?.metadata.uid ? [after.metadata.uid] : [],
    ),
  );
  const replay = new Replay(access, discovery, facts, findings, manager, mayGo, ownClaims);
  const actions = new UndoActions(access, upstream);
  const undone: (UndoneAction & { snapshot: Buffer })[] = [];
  for (const step of givenFirst(inOrder(plan, writesOf(journal.records), actionsOf(journal.records)))) {
    crash('undo.before-step');
    if ('seq' in step) undone.push({ snapshot: step.snapshot, ...(await actions.undo(step)) });
    else await replay.perform(step);
    crash('undo.after-step');
  }
  await releaseStuckReplicas(access, plan, findings);
  await takeDownLeftovers(access, plan, findings);
  const verified = await verifyUndo(access, plan, journal.records, {
    convergeMs: findings.differences.length > 0 ? 0 : options.convergeMs,
    restoreOwnership: options.restoreOwnership,
    autoscaled: new Set(findings.autoscaled.map(refKey)),
    takenAway: (ref, pod) => replay.takenAway(ref, pod),
  });
  const proof = {
    ...verified.proof,
    ...withActions(verified.proof, undone),
    ownershipWrites: access.ownershipWrites,
    residue: unique([...findings.residue, ...leftBehind(journal.records), ...verified.proof.residue]),
    foreign: uniqueFields([...verified.proof.foreign, ...findings.foreign]).map(blankField),
  };
  const ofActions = undone.flatMap(({ differences }) => differences);
  const differences = uniqueFields([...findings.differences, ...verified.differences, ...ofActions]).map(blankField);
  if (differences.length > 0) proof.levels.L1 = false;
  return { plan, proof, differences, losses, shortfall: undone.flatMap(({ shortfall }) => shortfall) };
}

/** What actions changed is part of the state that is compared; snapshots themselves are not shown. */
function withActions(
  { hashBefore, hashAfter }: Pick<UndoProof, 'hashBefore' | 'hashAfter'>,
  undone: readonly { snapshot: Buffer; back: boolean }[],
): Pick<UndoProof, 'hashBefore' | 'hashAfter'> {
  if (undone.length === 0) return { hashBefore, hashAfter };
  const joined = (first: string, parts: readonly (Buffer | string)[]) =>
    parts.reduce((hash, part) => hash.update(part), createHash('sha256').update(first)).digest('hex');
  return {
    hashBefore: joined(
      hashBefore,
      undone.map(({ snapshot }) => snapshot),
    ),
    hashAfter: joined(
      hashAfter,
      undone.map(({ snapshot, back }) => (back ? snapshot : 'not as in its snapshot')),
    ),
  };
}

/** What the forecasts said would stay. */
function leftBehind(records: readonly JournalRecord[]): string[] {
  return records.flatMap((record) =>
    record.type === 'intent'
      ? (record.forecast.consequences ?? []).flatMap(({ text, back, usual }) => (usual && !back ? [text] : []))
      : [],
  );
}

/** A request whose sender died, or gave up on a server that stood still, may still be on its way through the server. */
const IN_FLIGHT_MS = 1_500;
/** Undoing again for writes that arrived while the undo was under way. */
const MAX_ROUNDS = 3;

/** Finds out what became of writes whose answer never arrived. */
async function resolveUnknown(options: UndoRunOptions, access: UndoAccess): Promise<void> {
  const { journal, manager } = options;
  const unknown = new Set(
    writesOf(journal.records).flatMap((write) => (write.outcome === 'unknown' ? [write.seq] : [])),
  );
  const intents = journal.records.filter(
    (record): record is IntentRecord => record.type === 'intent' && unknown.has(record.seq),
  );
  // Counted from the moment the server answers us: before, it may have stood still with the request in its hands.
  let waited = false;
  for (const intent of intents) {
    let verdict = attribute(intent, await access.get(intent.path), manager);
    if (verdict.outcome === 'rejected') {
      if (!waited) await access.pause(IN_FLIGHT_MS);
      waited = true;
      verdict = attribute(intent, await access.get(intent.path), manager);
    }
    // Unclear: taken as done, so that the restore looks at the object and names what is not as it was.
    const [outcome, after] =
      verdict.outcome === 'unclear'
        ? (['done', intent.predicted ?? intent.before] as const)
        : ([verdict.outcome, verdict.after] as const);
    await recordFound(options, intent, outcome, after);
  }
}

/**
 * Looks once more at lost writes that had not arrived when the undo began. Where the undo itself wrote to the object the
 * pin of such a write is broken, and it can arrive no more; but a copy of a creation can, once the object is removed.
 */
async function landedLate(options: UndoRunOptions, access: UndoAccess, plan: InverseStep[]): Promise<boolean> {
  const { journal, manager } = options;
  const written = new Set(plan.map((step) => refKey(step.ref)));
  const lost = new Map(writesOf(journal.records).flatMap((write) => (write.lost ? [[write.seq, write] as const] : [])));
  const intents = journal.records.filter((record) => record.type === 'intent');
  const creations = intents.filter(({ seq, before }) => !before && lost.get(seq)?.outcome === 'done');
  if (creations.length > 0) await access.pause(IN_FLIGHT_MS);
  let late = false;
  for (const intent of intents) {
    const write = lost.get(intent.seq);
    if (!write || (write.outcome === 'done' ? intent.before : written.has(refKey(intent.ref)))) continue;
    const verdict = attribute(intent, await access.get(intent.path), manager);
    if (verdict.outcome !== 'done') continue;
    if (write.outcome === 'done' && verdict.after?.metadata.uid === write.after?.metadata.uid) continue;
    await recordFound(options, intent, 'done', verdict.after);
    late = true;
  }
  return late;
}

async function recordFound(
  { journal, clock }: UndoRunOptions,
  { seq }: IntentRecord,
  outcome: 'done' | 'rejected',
  after: KubeObject | null,
): Promise<void> {
  const at = new Date(clock.now()).toISOString();
  const message = 'found out after the answer was lost';
  await journal.append({ type: 'outcome', seq, status: 0, outcome, after, message, at });
}

/** What vanished beside the written objects. */
async function lossesOf(
  { losses: watch }: UndoRunOptions,
  { plan, losses }: { plan: InverseStep[]; losses: Loss[] },
): Promise<Pick<UndoProof, 'losses'>> {
  for (const { ref } of [...plan, ...losses]) watch.announce(ref);
  const all = [...losses, ...(await watch.losses())];
  return all.length > 0 ? { losses: all } : {};
}

function unique(texts: string[]): string[] {
  return [...new Set(texts)];
}

function uniqueFields(fields: FieldDifference[]): FieldDifference[] {
  const seen = new Map(fields.toReversed().map((field) => [`${refKey(field.ref)} ${field.path}`, field]));
  return [...seen.values()].reverse();
}
