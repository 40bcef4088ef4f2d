import { readFile } from 'node:fs/promises';
import type { Clock } from '../../domain/clock.ts';
import { ClusterError, messageOf } from '../../domain/cluster-error.ts';
import type { ExecCredential } from './exec-credential.ts';
import { runExecPlugin } from './exec-credential.ts';
import type { ClusterEntry, UserEntry } from './kubeconfig.ts';
import { oneLine } from '../../text/plain-text.ts';

/** What is added to one request. Never logged. */
export interface Credential {
  headers: Record<string, string | string[]>;
  certificate?: Buffer | string;
  key?: Buffer | string;
}

/** Where a connection takes what it adds to each request. */
export interface CredentialProvider {
  /** @throws ClusterError */
  current(): Promise<Credential>;
  /** The server answered 401. */
  invalidate(): void;
}

/** Files are read again after this time, as client-go does for rotated tokens. */
const FILE_CACHE_MS = 60_000;
/** A plugin's answer is renewed this much before it expires. */
const EXPIRY_MARGIN_MS = 10_000;

/**
 * The credential of a kubeconfig user: client certificates, tokens, token files, basic auth, exec plugins with
 * refresh, impersonation, and the legacy auth providers (oidc, azure, gcp) through @kubernetes/client-node.
 * The common kinds are read here because importing the whole client takes about half a second, and because its
 * plugin runner sends no KUBERNETES_EXEC_INFO, has no timeout and does not refresh after a 401.
 */
export class CredentialSource implements CredentialProvider {
  readonly #user: UserEntry;
  readonly #cluster: ClusterEntry;
  readonly #clock: Clock;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #files = new Map<string, { at: number; data: Buffer }>();
  #plugin: Promise<ExecCredential> | null = null;
  #pluginExpires: number | null = null;
  #legacy: Promise<LegacyProvider> | null = null;

  constructor(cluster: ClusterEntry, user: UserEntry, clock: Clock, environment: NodeJS.ProcessEnv) {
    this.#cluster = cluster;
    this.#user = user;
    this.#clock = clock;
    this.#environment = environment;
  }

  /** @throws ClusterError exec-plugin, bad-kubeconfig */
  async current(): Promise<Credential> {
    const user = this.#user;
    const credential: Credential = { headers: impersonation(user) };
    const certificate = await this.#material(user['client-certificate-data'], user['client-certificate']);
    const key = await this.#material(user['client-key-data'], user['client-key']);
    if (certificate && key) Object.assign(credential, { certificate, key });
    if (user['auth-provider']) await this.#addLegacy(credential);
    if (user.exec) {
      const answer = await this.#fromPlugin();
      if (answer.token) credential.headers.authorization = `Bearer ${answer.token}`;
      if (answer.certificate) Object.assign(credential, { certificate: answer.certificate, key: answer.key });
    }
    if (user.username) {
      const pair = Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64');
      credential.headers.authorization = `Basic ${pair}`;
    }
    const token = user.tokenFile ? (await this.#file(user.tokenFile)).toString().trim() : user.token;
    if (token) credential.headers.authorization = `Bearer ${token}`;
    return credential;
  }

  /** The server answered 401: the next request reads files and asks the plugin again. */
  invalidate(): void {
    this.#files.clear();
    this.#plugin = null;
  }

  async #material(data: string | undefined, file: string | undefined): Promise<Buffer | undefined> {
    if (data) return Buffer.from(data, 'base64');
    return file ? this.#file(file) : undefined;
  }

  async #file(path: string): Promise<Buffer> {
    const now = this.#clock.monotonic();
    const cached = this.#files.get(path);
    if (cached && now - cached.at < FILE_CACHE_MS) return cached.data;
    try {
      const data = await readFile(path);
      this.#files.set(path, { at: now, data });
      return data;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      throw new ClusterError(
        'bad-kubeconfig',
        `the kubeconfig names ${path}, which cannot be read (${code}): log in again`,
      );
    }
  }

  async #fromPlugin(): Promise<ExecCredential> {
    const expired = this.#pluginExpires !== null && this.#clock.now() >= this.#pluginExpires - EXPIRY_MARGIN_MS;
    if (!this.#plugin || expired) {
      this.#pluginExpires = null;
      const running = runExecPlugin(this.#user.exec!, this.#cluster, this.#environment);
      this.#plugin = running;
      running.then(
        (answer) => (this.#pluginExpires = answer.expiresAt),
        () => {
          if (this.#plugin === running) this.#plugin = null;
        },
      );
    }
    return this.#plugin;
  }

  async #addLegacy(credential: Credential): Promise<void> {
    const provider = this.#user['auth-provider']!;
    this.#legacy ??= legacyProvider(provider.name);
    // The authenticators write authorization into `headers`; client-node calls the section `authProvider`.
    const options = { headers: {} as Record<string, string> };
    try {
      await (await this.#legacy).applyAuthentication({ name: this.#user.name, authProvider: provider }, options);
    } catch (error) {
      const advice = 'log in again with the tool that wrote the kubeconfig';
      throw new ClusterError(
        'unauthorized',
        `auth provider '${provider.name}' failed (${oneLine(messageOf(error), 200)}): ${advice}`,
      );
    }
    const header = options.headers.Authorization ?? options.headers.authorization;
    if (header) credential.headers.authorization = header;
  }
}

/** The authenticators' own parameter types differ; all take the user entry and https options. */
interface LegacyProvider {
  applyAuthentication(user: unknown, options: unknown): Promise<void>;
}

async function legacyProvider(name: string): Promise<LegacyProvider> {
  const make = async (): Promise<unknown> => {
    switch (name) {
      case 'oidc':
        return new (await import('@kubernetes/client-node/dist/oidc_auth.js')).OpenIDConnectAuth();
      case 'azure':
        return new (await import('@kubernetes/client-node/dist/azure_auth.js')).AzureAuth();
      case 'gcp':
        return new (await import('@kubernetes/client-node/dist/gcp_auth.js')).GoogleCloudPlatformAuth();
      default:
        throw new ClusterError(
          'bad-kubeconfig',
          `auth provider '${name}' is not supported: use an exec plugin or a token`,
        );
    }
  };
  return (await make()) as LegacyProvider;
}

function impersonation(user: UserEntry): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  if (user.as) headers['impersonate-user'] = user.as;
  if (user['as-uid']) headers['impersonate-uid'] = user['as-uid'];
  if (user['as-groups']?.length) headers['impersonate-group'] = user['as-groups'];
  for (const [key, values] of Object.entries(user['as-user-extra'] ?? {})) {
    headers[`impersonate-extra-${encodeURIComponent(key.toLowerCase())}`] = values;
  }
  return headers;
}
