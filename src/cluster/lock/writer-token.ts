import type { Clock } from '../../domain/clock.ts';
import { ClusterError } from '../../domain/cluster-error.ts';
import { KubeApi } from '../../gateway/wire/kube-api.ts';
import { Monitor } from '../../gateway/monitor/monitor.ts';
import type { Upstream } from '../../gateway/wire/upstream.ts';
import type { Credential, CredentialProvider } from '../connect/credentials.ts';
import { WRITER_NAME } from './fence-manifests.ts';

/** The shortest life that the API server grants; renewed well before its end. */
const LIFE_SECONDS = 600;
const RENEW_AFTER_MS = 240_000;

/** A token of the writer and the id by which admission policies know it. */
export interface WriterToken {
  token: string;
  /** `JTI=…`, as in the user info of a request made with it. */
  credential: string;
  /** Wall and monotonic time at which it was asked for, in ms. */
  issued: { wall: number; monotonic: number };
}

/** Asks for tokens of the writer, with the engineer's own credential and through the gateway's control mode. */
export class WriterTokens {
  readonly #api: KubeApi;
  readonly #clock: Clock;
  readonly #path: string;

  constructor(own: Upstream, clock: Clock, lockNamespace: string) {
    const grant = {
      group: '',
      resource: 'serviceaccounts',
      namespace: lockNamespace,
      name: WRITER_NAME,
      subresource: 'token',
    };
    this.#api = new KubeApi(new Monitor(own, 'control', { control: [grant] }));
    this.#clock = clock;
    this.#path = `/api/v1/namespaces/${encodeURIComponent(lockNamespace)}/serviceaccounts/${WRITER_NAME}/token`;
  }

  /** @throws ClusterError forbidden (names the missing right), not-found, unreachable … */
  async request(signal?: AbortSignal): Promise<WriterToken> {
    const issued = { wall: this.#clock.now(), monotonic: this.#clock.monotonic() };
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: LIFE_SECONDS },
    };
    const answer = await this.#api.write('POST', this.#path, body, signal);
    const token = String(answer.status?.token ?? '');
    return { token, credential: credentialId(token), issued };
  }

  isOld({ issued }: WriterToken): boolean {
    const wall = this.#clock.now() - issued.wall;
    return Math.max(wall, this.#clock.monotonic() - issued.monotonic) >= RENEW_AFTER_MS;
  }
}

/**
 * The id that the API server gives to requests made with a token of its own.
 * @throws ClusterError for a token without one (before Kubernetes 1.30)
 */
export function credentialId(token: string): string {
  let id: unknown;
  try {
    const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { jti?: unknown };
    id = payload.jti;
  } catch {
    // Not a token that can be read: it has no id, which the caller refuses.
    id = undefined;
  }
  if (typeof id === 'string' && /^[\w-]{8,64}$/.test(id)) return `JTI=${id}`;
  throw new ClusterError('api', 'the API server issues tokens without an id (Kubernetes 1.30 is needed for the fence)');
}

/** The writer's token as the credential of a connection. */
export class WriterCredential implements CredentialProvider {
  #token: WriterToken | null = null;

  /** The token that requests carry now; null while there is none. */
  get active(): WriterToken | null {
    return this.#token;
  }

  use(token: WriterToken | null): void {
    this.#token = token;
  }

  async current(): Promise<Credential> {
    if (!this.#token) throw new ClusterError('unauthorized', 'the writer has no token: the writer lock is not held');
    return { headers: { authorization: `Bearer ${this.#token.token}` } };
  }

  invalidate(): void {
    // Only the lock changes it, together with the Lease.
  }
}
