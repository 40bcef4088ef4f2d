import type { Clock } from '../../domain/clock.ts';
import { ClusterError } from '../../domain/cluster-error.ts';
import type { LockLevel } from '../../domain/ports.ts';
import { KubeApi } from '../../gateway/wire/kube-api.ts';
import { Monitor } from '../../gateway/monitor/monitor.ts';
import { passAsUpstream } from '../../gateway/wire/raw-access.ts';
import type { Upstream } from '../../gateway/wire/upstream.ts';
import { FENCE_NAME, GUARD_NAME, WRITER_NAME } from './fence-manifests.ts';
import type { FenceState } from './fence-state.ts';
import { readFence } from './fence-state.ts';
import type { LockRecord } from './lease-record.ts';
import type { WriterCredential, WriterToken } from './writer-token.ts';
import { WriterTokens } from './writer-token.ts';

/** Level that a writer gets now. `why` is empty when fenced; `unusable`: nobody may write until it is put right. */
export interface FenceStanding {
  level: LockLevel | 'unusable';
  why: string;
}

/** How a writer enters: with a token whose id goes into the Lease, or client-side. */
export type FenceEntry = { level: 'fenced'; token: WriterToken } | { level: 'client-side'; why: string };

/** A change of a policy or of the Lease reaches the API server's admission within this time, or something is wrong. */
const EFFECT_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 20;

const INSTALL_AGAIN = "an administrator runs 'stratus lock install-fence' again and looks at docs/rbac";
const RESTART_SERVER =
  'where a fence was removed by hand and installed again, the API server must be restarted to watch the lock';

/**
 * The fence as seen by one writer: whether it stands, a token of its own for each time it holds the lock, and the
 * proof that the API server enforces it. `fenced` is claimed only after policies and bindings were compared with the
 * shipped ones, a token that is not in the Lease was refused, the same token was let through once it was, and the guard
 * refused it what it must.
 */
export class LockFence {
  readonly #reads: KubeApi;
  readonly #asWriter: KubeApi;
  readonly #tokens: WriterTokens;
  readonly #credential: WriterCredential;
  readonly #clock: Clock;
  readonly #namespace: string;

  /**
   * @param own the engineer's connection: reads, and the request for a token
   * @param writer the same cluster with `credential` instead
   */
  constructor(own: Upstream, writer: Upstream, credential: WriterCredential, clock: Clock, lockNamespace: string) {
    this.#reads = new KubeApi(new Monitor(own, 'read'));
    this.#asWriter = new KubeApi(passAsUpstream(writer));
    this.#tokens = new WriterTokens(own, clock, lockNamespace);
    this.#credential = credential;
    this.#clock = clock;
    this.#namespace = lockNamespace;
  }

  /** For people, without a token. @param record of the lock Lease @throws ClusterError unreachable … */
  async standing(record: LockRecord | null): Promise<FenceStanding> {
    const fence = await readFence(this.#reads, this.#namespace);
    if (fence.state === 'broken') return { level: 'unusable', why: fence.why };
    const why = fence.state === 'standing' ? await this.#missingRight() : reasonFor(fence);
    if (why === '') return { level: 'fenced', why };
    return record?.level === 'fenced' ? { level: 'unusable', why: demanded(why) } : { level: 'client-side', why };
  }

  /**
   * To be called before the Lease is taken; the token is not valid for writes before its id is in it.
   * @throws ClusterError when the fence is half installed, altered or not enforced, or when the Lease says that the
   * cluster is fenced and this writer cannot be
   */
  async enter(record: LockRecord | null, signal?: AbortSignal): Promise<FenceEntry> {
    this.#credential.use(null);
    const fence = await readFence(this.#reads, this.#namespace, signal);
    if (fence.state === 'broken') throw new ClusterError('conflict', fence.why);
    let why = '';
    if (fence.state === 'standing') {
      const token = await this.#tokens.request(signal).catch((error: unknown) => {
        if (error instanceof ClusterError && error.reason === 'not-found') {
          const repair = "an administrator runs 'stratus lock install-fence'";
          throw new ClusterError('conflict', `service account ${WRITER_NAME} of the fence is missing: ${repair}`);
        }
        if (!(error instanceof ClusterError) || error.reason !== 'forbidden') throw error;
        why = `no token of the writer: ${error.message}`;
        return null;
      });
      if (token) {
        await this.#proveClosed(token, signal);
        return { level: 'fenced', token };
      }
    } else why = reasonFor(fence);
    if (record?.level === 'fenced') throw new ClusterError('forbidden', demanded(why));
    return { level: 'client-side', why };
  }

  /** The id of the token is in the Lease: from now on it is used. @throws ClusterError when the API server refuses it */
  async open(token: WriterToken, signal?: AbortSignal): Promise<void> {
    this.#credential.use(token);
    await this.#prove(signal, 'the fence refuses the holder of the lock', RESTART_SERVER, async () => {
      const { verdict, message } = await this.#ask(signal);
      return verdict === 'open' ? '' : message;
    });
    await this.#prove(signal, 'the guard is installed but not enforced', INSTALL_AGAIN, () =>
      this.#askForbidden(signal),
    );
  }

  /** A successor for a token that nears its end; null while it is good. @throws ClusterError */
  async successor(): Promise<WriterToken | null> {
    const token = this.#credential.active;
    return token && this.#tokens.isOld(token) ? this.#tokens.request() : null;
  }

  /** The lock is not held any more: nothing is sent with the token again. */
  leave(): void {
    this.#credential.use(null);
  }

  /** A token that is in no Lease must be refused. */
  async #proveClosed(token: WriterToken, signal?: AbortSignal): Promise<void> {
    this.#credential.use(token);
    try {
      await this.#prove(signal, 'the fence is installed but not enforced', INSTALL_AGAIN, async () => {
        const { verdict, message } = await this.#ask(signal);
        return verdict === 'closed' ? '' : message || 'a token without the lock may write';
      });
    } finally {
      this.#credential.use(null);
    }
  }

  /** A dry-run write as the writer: let through, refused by the fence, or something else. */
  async #ask(signal?: AbortSignal): Promise<{ verdict: 'open' | 'closed' | 'other'; message: string }> {
    const path = `/api/v1/namespaces/${encodeURIComponent(this.#namespace)}/configmaps?dryRun=All`;
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'stratus-fence-proof-' } };
    const { status, message } = await this.#asWriter.send('POST', path, { body, signal });
    if (status < 300) return { verdict: 'open', message: '' };
    return { verdict: isFenceDenial(status, message) ? 'closed' : 'other', message };
  }

  /**
   * A dry-run write that only the guard refuses: empty when it did. Policies take effect one by one, so that the fence
   * may be in force before it.
   */
  async #askForbidden(signal?: AbortSignal): Promise<string> {
    const path = `/api/v1/namespaces/${encodeURIComponent(this.#namespace)}/secrets?dryRun=All`;
    const metadata = {
      generateName: 'stratus-fence-proof-',
      annotations: { 'kubernetes.io/service-account.name': WRITER_NAME },
    };
    const body = { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/service-account-token', metadata };
    const { status, message } = await this.#asWriter.send('POST', path, { body, signal });
    if (isGuardDenial(status, message)) return '';
    return message || 'a token of a service account may be made';
  }

  /** Looks again and again until there is no problem; with one left at the deadline the token is dropped. @throws ClusterError */
  async #prove(
    signal: AbortSignal | undefined,
    failure: string,
    advice: string,
    look: () => Promise<string>,
  ): Promise<void> {
    const end = this.#clock.monotonic() + EFFECT_WITHIN_MS;
    for (;;) {
      const problem = await look();
      if (problem === '') return;
      if (this.#clock.monotonic() >= end) {
        this.#credential.use(null);
        throw new ClusterError('conflict', `${failure} (${problem}): ${advice}`);
      }
      await this.#clock.sleep(LOOK_EVERY_MS, signal);
    }
  }

  async #missingRight(): Promise<string> {
    const attributes = {
      verb: 'create',
      resource: 'serviceaccounts',
      subresource: 'token',
      namespace: this.#namespace,
      name: WRITER_NAME,
    };
    const { object } = await this.#reads.send('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: attributes },
      },
    });
    if (object?.status?.allowed === true) return '';
    return `no right to create serviceaccounts/token of ${WRITER_NAME} in namespace ${this.#namespace} (role stratus-lock has it)`;
  }
}

/** Whether an answer is a refusal by the fence itself: the write did not happen. */
export function isFenceDenial(status: number, message: string): boolean {
  return status === 403 && message.includes(`ValidatingAdmissionPolicy '${FENCE_NAME}'`);
}

/** Whether an answer is a refusal by the guard, which reads the phase from the Lease: the write did not happen. */
export function isGuardDenial(status: number, message: string): boolean {
  return status === 403 && message.includes(`ValidatingAdmissionPolicy '${GUARD_NAME}'`);
}

function reasonFor(fence: FenceState): string {
  return fence.state === 'unreadable' ? fence.why : "no fence is installed ('stratus lock install-fence')";
}

function demanded(why: string): string {
  return `the writer lock of this cluster is fenced, and this writer cannot be (${why}): get that right, or an administrator runs 'stratus lock uninstall-fence'`;
}
