import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import tls from 'node:tls';
import type { Clock } from '../../domain/clock.ts';
import type { Target } from '../../domain/target.ts';
import type {
  UpgradeAnswer,
  UpgradeRequest,
  Upstream,
  UpstreamRequest,
  UpstreamResponse,
} from '../../gateway/wire/upstream.ts';
import { UpstreamError } from '../../gateway/wire/upstream.ts';
import { ClusterError, messageOf } from '../../domain/cluster-error.ts';
import { connectionFailure } from './connection-failure.ts';
import type { Credential, CredentialProvider } from './credentials.ts';
import { CredentialSource } from './credentials.ts';
import type { ClusterEntry, Kubeconfig } from './kubeconfig.ts';
import type { OpenTunnel } from './proxy-tunnel.ts';
import { hostOf, openTunnelThrough, portOf, proxyFor } from './proxy-tunnel.ts';

export interface ConnectOptions {
  clock: Clock;
  /** Given to exec plugins, and asked for proxy variables. */
  environment: NodeJS.ProcessEnv;
  /** Limit for TCP, proxy and TLS together, in ms; at most 10 s so that a dead server is told quickly. */
  connectTimeoutMs?: number;
  /** Limit for the first byte of an answer, in ms; an API server answers within its own 60 s request timeout. */
  answerTimeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 8_000;
const ANSWER_TIMEOUT_MS = 75_000;
/** Idle connections are closed before load balancers (60 s is usual) silently drop them. */
const IDLE_SOCKET_MS = 45_000;
/** Enough for concurrent LISTs; each connection costs a TLS handshake. */
const MAX_SOCKETS = 12;

/** Belong to one connection or to the implementation, never passed through. */
const OWN_HEADERS = new Set([
  'authorization', 'host', 'connection', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'te', 'trailer',
  'transfer-encoding', 'upgrade', 'expect', 'content-length',
]); // prettier-ignore

/**
 * Opens the connection to a pinned target. Nothing is sent before the first request.
 * @param as another identity than the kubeconfig's user
 * @throws ClusterError bad-kubeconfig, unknown-context
 */
export async function connect(
  kubeconfig: Kubeconfig,
  target: Target,
  options: ConnectOptions,
  as?: CredentialProvider,
): Promise<ClusterConnection> {
  const { cluster, user } = kubeconfig.entries(target.context);
  const authority = await certificateAuthority(cluster);
  const server = new URL(cluster.server);
  const proxy = proxyFor(server, cluster['proxy-url'], options.environment);
  const credentials = as ?? new CredentialSource(cluster, user, options.clock, options.environment);
  return new ClusterConnection(server, cluster, authority, credentials, proxy, options);
}

/** {@link Upstream} over node:https with kept-alive connections. */
export class ClusterConnection implements Upstream {
  readonly #server: URL;
  readonly #prefix: string;
  readonly #cluster: ClusterEntry;
  readonly #authority: Buffer | undefined;
  readonly #credentials: CredentialProvider;
  readonly #openTunnel: OpenTunnel | null;
  /** Where and how, for messages. */
  readonly #route: string;
  readonly #connectTimeoutMs: number;
  readonly #answerTimeoutMs: number;
  #agents: { identity: Credential; requests: http.Agent; streams: http.Agent } | null = null;
  #closed = false;

  constructor(
    server: URL,
    cluster: ClusterEntry,
    authority: Buffer | undefined,
    credentials: CredentialProvider,
    proxy: URL | null,
    options: ConnectOptions,
  ) {
    this.#server = server;
    this.#prefix = server.pathname.replace(/\/+$/, '');
    this.#cluster = cluster;
    this.#authority = authority;
    this.#credentials = credentials;
    this.#openTunnel = proxy ? openTunnelThrough(proxy) : null;
    this.#route = `${server.origin}${proxy ? ` through proxy ${proxy.host}` : ''}`;
    this.#connectTimeoutMs = Math.min(options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS, 10_000);
    this.#answerTimeoutMs = options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS;
  }

  async request(request: UpstreamRequest): Promise<UpstreamResponse> {
    const answer = await this.#send(request, await this.#credential());
    if ('socket' in answer) {
      answer.socket.destroy();
      throw new UpstreamError('unreachable', 'the API server switched protocols, which was not asked for', true);
    }
    if (answer.status === 401) this.#credentials.invalidate();
    return answer;
  }

  async upgrade({ path, headers, signal }: UpgradeRequest): Promise<UpgradeAnswer> {
    const request = { method: 'GET', path, headers, ...(signal ? { signal } : {}) };
    const answer = await this.#send(request, await this.#credential(), {
      connection: 'Upgrade',
      upgrade: 'websocket',
    });
    if ('socket' in answer) return { upgraded: true, ...answer };
    if (answer.status === 401) this.#credentials.invalidate();
    return { upgraded: false, response: answer };
  }

  /** @throws UpstreamError */
  async #credential(): Promise<Credential> {
    if (this.#closed) throw new UpstreamError('aborted', 'the connection to the cluster was closed', false);
    try {
      return await this.#credentials.current();
    } catch (error) {
      throw Object.assign(new UpstreamError('credentials', messageOf(error), false), { cause: error });
    }
  }

  async warmUp(): Promise<void> {
    const agent = this.#agents?.requests;
    if (Object.keys({ ...agent?.sockets, ...agent?.freeSockets }).length > 0) return;
    try {
      // Any answer will do: what takes time is TLS.
      const { body } = await this.request({ method: 'GET', path: '/version', headers: {} });
      await finished(body.resume());
    } catch {
      // The request that comes tells what is wrong.
    }
  }

  /** Closes idle and active connections; later requests are refused. */
  close(): void {
    this.#closed = true;
    this.#agents?.requests.destroy();
    this.#agents?.streams.destroy();
    this.#agents = null;
  }

  /** @param handshake headers that ask for another protocol */
  #send(
    request: UpstreamRequest,
    credential: Credential,
    handshake: Record<string, string> = {},
  ): Promise<UpstreamResponse | { headers: Record<string, string>; socket: Duplex }> {
    const { signal } = request;
    if (signal?.aborted) return Promise.reject(new UpstreamError('aborted', 'the request was cancelled', false));
    const secure = this.#server.protocol === 'https:';
    return new Promise((resolve, reject) => {
      let connected = false;
      // Not https.request: editors replace it, and with it our agent, by one for their own proxy settings, which drops
      // the client certificate.
      const outgoing = new http.ClientRequest({
        protocol: this.#server.protocol,
        host: hostOf(this.#server),
        port: portOf(this.#server),
        method: request.method,
        path: this.#prefix + request.path,
        headers: {
          ...passedOn(request.headers),
          ...framing(request.body),
          ...credential.headers,
          ...handshake,
          host: this.#server.host,
        },
        agent: this.#agentFor(request, credential, 'upgrade' in handshake),
        signal,
      });
      let timer: NodeJS.Timeout | undefined;
      const giveUpAfter = (ms: number, what: string) => {
        clearTimeout(timer);
        timer = setTimeout(() => outgoing.destroy(new Error(`${what} within ${Math.round(ms / 1000)} s`)), ms);
      };
      const onConnected = () => {
        connected = true;
        giveUpAfter(this.#answerTimeoutMs, 'it accepted the request but did not answer');
      };
      const settle = () => clearTimeout(timer);
      // Waiting for a free connection does not count; it is bounded by the requests that hold them.
      outgoing.on('socket', (socket) => {
        if (!(socket as net.Socket).connecting) return onConnected();
        giveUpAfter(this.#connectTimeoutMs, 'it did not answer');
        socket.once(secure ? 'secureConnect' : 'connect', onConnected);
      });
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        settle();
        reject(connectionFailure(error, { connected, aborted: signal?.aborted === true, route: this.#route }));
      });
      outgoing.on('response', (incoming) => {
        settle();
        resolve({ status: incoming.statusCode ?? 0, headers: joined(incoming.headers), body: incoming });
      });
      outgoing.on('upgrade', (incoming, socket, head) => {
        settle();
        // From here on its owner says how long it may be silent.
        socket.setTimeout(0);
        if (head.length > 0) socket.unshift(head);
        resolve({ headers: joined(incoming.headers), socket });
      });
      if (request.body instanceof Readable) {
        request.body.on('error', (error) => outgoing.destroy(error));
        request.body.pipe(outgoing);
      } else outgoing.end(request.body);
    });
  }

  /** Streams get connections of their own: a watch would otherwise hold one of the few shared ones. */
  #agentFor(request: UpstreamRequest, credential: Credential, upgrades: boolean): http.Agent {
    if (!this.#agents || !sameCertificate(this.#agents.identity, credential)) {
      // A renewed client certificate needs new connections; those in use end by themselves.
      this.#agents = {
        identity: credential,
        requests: this.#createAgent(credential, MAX_SOCKETS),
        streams: this.#createAgent(credential, Number.POSITIVE_INFINITY),
      };
    }
    const streaming = upgrades || /[?&](watch|follow)=/.test(request.path);
    return streaming ? this.#agents.streams : this.#agents.requests;
  }

  #createAgent(credential: Credential, maxSockets: number): http.Agent {
    const common = { keepAlive: true, keepAliveMsecs: 15_000, maxSockets, timeout: IDLE_SOCKET_MS };
    const secure = this.#server.protocol === 'https:';
    const tlsOptions = secure ? this.#tlsOptions(credential) : {};
    const agent = secure ? new https.Agent({ ...common, ...tlsOptions }) : new http.Agent(common);
    // All of its connections go to one place; Node would put certificates and keys into a name anew for each request.
    Object.assign(agent, { getName: () => 'api' });
    if (this.#openTunnel) tunnelled(agent, this.#openTunnel, secure ? tlsOptions : null, this.#connectTimeoutMs);
    return agent;
  }

  #tlsOptions(credential: Credential): tls.ConnectionOptions {
    const host = hostOf(this.#server);
    const name = this.#cluster['tls-server-name'] || (net.isIP(host) ? '' : host);
    return {
      minVersion: 'TLSv1.2',
      ...(this.#authority ? { ca: this.#authority } : systemAuthorities()),
      ...(credential.certificate ? { cert: credential.certificate, key: credential.key } : {}),
      ...(this.#cluster['insecure-skip-tls-verify'] ? { rejectUnauthorized: false } : {}),
      ...(name ? { servername: name } : {}),
    };
  }
}

function sameCertificate(a: Credential, b: Credential): boolean {
  const same = (x: Buffer | string = '', y: Buffer | string = '') => x === y || Buffer.from(x).equals(Buffer.from(y));
  return same(a.certificate, b.certificate) && same(a.key, b.key);
}

function passedOn(headers: Record<string, string>): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => !OWN_HEADERS.has(name.toLowerCase()));
  if (kept.some(([name]) => name.toLowerCase().startsWith('impersonate-'))) {
    throw new UpstreamError('credentials', 'a request that asks to act as somebody else is never forwarded', false);
  }
  return Object.fromEntries(kept);
}

/**
 * How the end of the body is told. By itself Node says nothing for DELETE, so that a server would take the body for the
 * next request; and it sends other bodies in chunks, which some proxies drop.
 */
function framing(body: UpstreamRequest['body']): Record<string, string> {
  if (!body) return {};
  return Buffer.isBuffer(body) ? { 'content-length': String(body.length) } : { 'transfer-encoding': 'chunked' };
}

function joined(headers: http.IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}

/** Without an authority in the kubeconfig, kubectl trusts what the machine trusts; Node adds its own list to that. */
function systemAuthorities(): { ca?: string[] } {
  try {
    return { ca: [...new Set([...tls.getCACertificates('default'), ...tls.getCACertificates('system')])] };
  } catch {
    // A machine without readable authorities: Node's own list is left.
    return {};
  }
}

async function certificateAuthority(cluster: ClusterEntry): Promise<Buffer | undefined> {
  if (cluster['certificate-authority-data']) return Buffer.from(cluster['certificate-authority-data'], 'base64');
  const file = cluster['certificate-authority'];
  if (!file) return undefined;
  try {
    return await readFile(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const message = `the kubeconfig names certificate authority ${file}, which cannot be read (${code}): correct it`;
    throw new ClusterError('bad-kubeconfig', message);
  }
}

/** Makes an agent open its sockets through a tunnel. */
function tunnelled(agent: http.Agent, open: OpenTunnel, secure: tls.ConnectionOptions | null, timeoutMs: number): void {
  type Callback = (error: Error | null, socket?: Duplex) => void;
  const createConnection = (options: { host: string; port: number | string }, callback: Callback): undefined => {
    const limit = AbortSignal.timeout(timeoutMs);
    open(options.host, Number(options.port), limit).then(
      (raw) => {
        if (!secure) return callback(null, raw);
        const socket = tls.connect({ ...secure, socket: raw as net.Socket });
        const stop = () => void socket.destroy(new Error('it did not answer'));
        limit.addEventListener('abort', stop);
        const ended = (error: Error | null) => {
          limit.removeEventListener('abort', stop);
          callback(error, error ? undefined : socket);
        };
        socket.once('error', ended);
        socket.once('secureConnect', () => {
          socket.off('error', ended);
          ended(null);
        });
      },
      (error: Error) => callback(error),
    );
    return undefined;
  };
  Object.assign(agent, { createConnection });
}
