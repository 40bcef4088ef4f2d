import type { KubeObject } from '../../domain/kube-object.ts';
import type { LockLevel } from '../../domain/ports.ts';

/** The Lease of the A-Lock, in the words of Stratus. */
export interface LockRecord {
  resourceVersion: string;
  /** Empty when free. */
  holder: string;
  tx: string;
  phase: string;
  /** Digest of the owner's journal at the last mark; empty when not given. */
  journalDigest: string;
  owner: LockOwner | null;
  /** Identity of the state folder that can recover what the holder left behind. */
  state: string;
  /** ISO 8601 with microseconds; empty when never renewed. */
  renewedAt: string;
  durationSeconds: number;
  transitions: number;
  /** Id of the one writer token that the fence lets through (`JTI=…`); empty: none. */
  credential: string;
  /** `fenced` once a fenced writer held the lock: nobody may then write unfenced until the fence is uninstalled. */
  level: LockLevel;
}

/** Who holds the lock, for people and for telling a dead process on the same machine. */
export interface LockOwner {
  user: string;
  host: string;
  pid: number;
}

export const LEASE_NAME = 'stratus-alock';
export const LEASE_SECONDS = 30;
/**
 * The value of STRATUS_LOCK_SECONDS; undefined when it is not set.
 * @throws Error that says what is allowed
 */
export function lockSecondsOf(text: string | undefined): number | undefined {
  if (!text) return undefined;
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 6 && seconds <= 300) return seconds;
  throw new Error(`STRATUS_LOCK_SECONDS wants a whole number from 6 to 300, not '${text}'`);
}

/** All writers of a cluster must use the same one. */
export const DEFAULT_LOCK_NAMESPACE = 'kube-system';

/**
 * The value of STRATUS_LOCK_NAMESPACE; undefined when it is not set.
 * @throws Error that says what is allowed
 */
export function lockNamespaceOf(text: string | undefined): string | undefined {
  if (!text) return undefined;
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw new Error(
    `STRATUS_LOCK_NAMESPACE wants the name of a namespace (lower case letters, digits, '-'), not '${text}'`,
  );
}

export const PREFIX = 'stratus-oncall/';
/** Annotation with what the holder is doing: `executing tx-…`, `undoing tx-…`, … */
export const PHASE_NOTE = `${PREFIX}phase`;

/**
 * Annotation with the credential id (`JTI=…`) of the one token that may write; absent or empty: none may. The holder's
 * identity stays in `spec.holderIdentity`, where people and other tools look for it.
 */
export const CREDENTIAL_NOTE = `${PREFIX}writer-credential`;

/** What is written when the lock becomes free: the token of its last holder stops working with it. */
export const FREED = { holder: '', tx: '', journalDigest: '', owner: null, credential: '' } as const;

/** A lock that nobody ever held. */
export const NEVER_HELD = { ...FREED, phase: '', state: '', renewedAt: '', transitions: 0 } as const;

/** Phases in which nothing of a transaction is left half done. */
const CLEAN = /^(|acquired|committed\b.*|undone\b.*|released|broken)$/;

/** A dead holder's lock in such a phase blocks other writers until it is recovered or broken. */
export function isDirty(record: LockRecord): boolean {
  return !CLEAN.test(record.phase);
}

export function readRecord(lease: KubeObject): LockRecord {
  const note = (name: string) => lease.metadata.annotations?.[PREFIX + name] ?? '';
  return {
    resourceVersion: lease.metadata.resourceVersion ?? '',
    holder: lease.spec?.holderIdentity ?? '',
    tx: note('tx'),
    phase: note('phase'),
    journalDigest: note('journal-digest'),
    owner: parseOwner(note('owner')),
    state: note('state'),
    renewedAt: lease.spec?.renewTime ?? '',
    durationSeconds: lease.spec?.leaseDurationSeconds ?? LEASE_SECONDS,
    transitions: lease.spec?.leaseTransitions ?? 0,
    credential: note('writer-credential'),
    level: note('level') === 'fenced' ? 'fenced' : 'client-side',
  };
}

/**
 * The Lease to write. Annotations of others and the audit entry of the last break are kept.
 * @param existing the object the write is conditional on; absent for a create
 */
export function leaseObject(
  namespace: string,
  record: Omit<LockRecord, 'resourceVersion'>,
  acquiredAt: string,
  existing?: KubeObject,
  audit?: Record<string, unknown>,
): KubeObject {
  const annotations: Record<string, string> = {
    ...existing?.metadata.annotations,
    [`${PREFIX}tx`]: record.tx,
    [`${PREFIX}phase`]: record.phase,
    [`${PREFIX}journal-digest`]: record.journalDigest,
    [`${PREFIX}owner`]: record.owner ? JSON.stringify(record.owner) : '',
    [`${PREFIX}state`]: record.state,
    [`${PREFIX}level`]: record.level,
    [CREDENTIAL_NOTE]: record.credential,
    ...(audit ? { [`${PREFIX}last-break`]: JSON.stringify(audit) } : {}),
  };
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { ...existing?.metadata, name: LEASE_NAME, namespace, annotations, managedFields: undefined },
    spec: {
      ...existing?.spec,
      holderIdentity: record.holder,
      leaseDurationSeconds: record.durationSeconds,
      acquireTime: acquiredAt || undefined,
      renewTime: record.renewedAt || undefined,
      leaseTransitions: record.transitions,
    },
  };
}

/** Milliseconds since the epoch as a MicroTime. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

function parseOwner(text: string): LockOwner | null {
  try {
    const { user, host, pid } = JSON.parse(text) as Partial<LockOwner>;
    return typeof user === 'string' && typeof host === 'string' && typeof pid === 'number' ? { user, host, pid } : null;
  } catch {
    // Somebody else's Lease: its owner is shown as it stands there.
    return null;
  }
}
