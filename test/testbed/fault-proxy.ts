import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { createAuthority, issueCertificate, type KeyedCertificate } from './certificates.ts';
import { instanceFiles, type Instance } from './instance-record.ts';
import { kubeconfigText } from './kubeconfig.ts';

/** What happens to one request. */
export type Fault =
  /** Answered by the proxy; the API server hears nothing. */
  | { kind: 'status'; code: number; retryAfter?: number }
  /** The connection is closed before the request is passed on: with FIN, or with RST. */
  | { kind: 'cut-before' }
  | { kind: 'reset' }
  /** The API server has answered, the answer is never passed on. */
  | { kind: 'cut-after' }
  /** Headers and half of the body arrive, then RST. */
  | { kind: 'cut-body' }
  /** The answer is passed on as it comes, and the connection ends with RST some time after its head. */
  | { kind: 'cut-stream'; ms: number }
  /**
   * Answered as it should be; the kept-alive connection is closed with FIN right behind the answer, or just as the next
   * request arrives on it.
   */
  | { kind: 'close-idle'; when: 'at once' | 'next request'; how: 'FIN' | 'RST' }
  /** Nothing ever comes back; with `stored` the API server has done its work. */
  | { kind: 'black-hole'; stored: boolean }
  /** The connection is cut now, and the request reaches the API server later. */
  | { kind: 'late'; ms: number }
  | { kind: 'delay'; ms: number }
  /** Somebody acts right before the request is passed on. */
  | { kind: 'act'; act(): Promise<unknown> };

export interface SeenRequest {
  /** Counted from 1 since {@link FaultProxy.restart}. */
  n: number;
  method: string;
  /** With query. */
  path: string;
  kind: 'read' | 'watch' | 'dry-run' | 'review' | 'lease' | 'write';
}

/**
 * A TLS proxy before the API server of an instance: its own authority towards clients, the admin's certificate towards
 * the server, both connections real. A script decides what goes wrong.
 */
export class FaultProxy {
  /** Kubeconfig (one context, the instance's name for it) whose server is the proxy. */
  readonly kubeconfig: string;
  /** Requests since {@link restart}, in the order in which they arrived. */
  seen: SeenRequest[] = [];
  /** Asked for every request; null: pass it on. */
  script: (request: SeenRequest) => Fault | null = () => null;
  readonly #instance: Instance;
  readonly #server: https.Server;
  readonly #agent: https.Agent;
  readonly #raw = new Map<number, Socket>();
  readonly #late = new Set<Promise<unknown>>();
  /** Connections that end as soon as the next request arrives on them. */
  readonly #doomed = new WeakMap<Socket, 'FIN' | 'RST'>();
  #port = 0;

  private constructor(instance: Instance, folder: string, authority: KeyedCertificate) {
    this.#instance = instance;
    this.kubeconfig = join(folder, 'proxy.kubeconfig');
    const pki = (name: string) => readFileSync(join(instanceFiles(instance.stateFolder).pki, name));
    const identity = { cert: pki('admin.crt'), key: pki('admin.key') };
    this.#agent = new https.Agent({ keepAlive: true, ca: pki('ca.crt'), ...identity });
    const own = issueCertificate(authority, { commonName: 'fault-proxy', ipAddresses: ['127.0.0.1'] });
    this.#server = https.createServer({ cert: own.certificate, key: own.key }, (request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
    this.#server.on('connection', (socket: Socket) => {
      const { remotePort } = socket;
      if (remotePort === undefined) return;
      this.#raw.set(remotePort, socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#raw.delete(remotePort));
    });
    this.#server.on('tlsClientError', () => undefined);
    this.#server.on('secureConnection', (socket: TLSSocket) => socket.on('error', () => undefined));
    this.#server.requestTimeout = 0;
  }

  /** @param folder for its kubeconfig; removed by the caller */
  static async start(instance: Instance, folder: string): Promise<FaultProxy> {
    const authority = createAuthority('fault-proxy-authority');
    const proxy = new FaultProxy(instance, folder, authority);
    await proxy.up();
    const pki = (name: string) => readFileSync(join(instanceFiles(instance.stateFolder).pki, name), 'utf8');
    const text = kubeconfigText({
      name: instance.context,
      server: `https://127.0.0.1:${proxy.#port}`,
      authority: authority.certificate,
      identity: { certificate: pki('admin.crt'), key: pki('admin.key') },
    });
    writeFileSync(proxy.kubeconfig, text, { mode: 0o600 });
    return proxy;
  }

  /** Forgets what was seen and passes everything on again. */
  restart(script: FaultProxy['script'] = () => null): void {
    this.seen = [];
    this.script = script;
  }

  /** Takes connections, on the same port as before. */
  async up(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Connections are refused and those that are open are reset. */
  async down(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.resetConnections();
    await closed;
  }

  /** Every open connection, idle ones too, ends with RST. */
  resetConnections(): void {
    for (const socket of this.#raw.values()) socket.resetAndDestroy();
  }

  /** Requests of fault `late` that are still to reach the API server. */
  async settle(): Promise<void> {
    await Promise.all(this.#late);
  }

  async close(): Promise<void> {
    await this.settle();
    if (this.#server.listening) await this.down();
    this.#agent.destroy();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [method, path] = [request.method ?? 'GET', request.url ?? '/'];
    const doom = this.#doomed.get(request.socket);
    if (doom) return doom === 'RST' ? this.#reset(request) : void response.destroy();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const seen: SeenRequest = { n: this.seen.length + 1, method, path, kind: kindOf(method, path) };
    this.seen.push(seen);
    const fault = this.script(seen);
    const forward = () => this.#forward(request, body);
    switch (fault?.kind) {
      case 'status':
        return refuse(response, fault.code, fault.retryAfter);
      case 'cut-before':
        return void response.destroy();
      case 'reset':
        return this.#reset(request);
      case 'cut-after':
        await drain(await forward());
        return void response.destroy();
      case 'cut-body':
        return this.#cutBody(request, response, await drain(await forward()));
      case 'black-hole':
        if (fault.stored) await drain(await forward());
        return;
      case 'late': {
        this.#reset(request);
        const arrival = new Promise((resolve) => setTimeout(resolve, fault.ms)).then(forward).then(drain);
        this.#late.add(arrival.catch(() => undefined));
        return;
      }
      case 'delay':
        await new Promise((resolve) => setTimeout(resolve, fault.ms));
        break;
      case 'act':
        await fault.act();
        break;
    }
    const answer = await forward();
    if (fault?.kind === 'cut-stream') setTimeout(() => this.#reset(request), fault.ms);
    if (fault?.kind === 'close-idle') this.#closeIdle(request, response, fault);
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    // Watches: the head goes out before the first event.
    response.flushHeaders();
    response.on('close', () => answer.destroy());
    answer.on('error', () => response.destroy());
    answer.pipe(response);
  }

  #forward(request: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    const headers = without(request.headers, 'host', 'connection', 'transfer-encoding');
    if (body.length > 0) headers['content-length'] = String(body.length);
    const url = new URL(request.url ?? '/', this.#instance.apiServerUrl);
    return new Promise((resolve, reject) => {
      const outgoing = https.request(url, { method: request.method, headers, agent: this.#agent }, resolve);
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  #reset(request: IncomingMessage): void {
    this.#raw.get(request.socket.remotePort ?? -1)?.resetAndDestroy();
  }

  #closeIdle(
    { socket }: IncomingMessage,
    response: ServerResponse,
    { when, how }: Extract<Fault, { kind: 'close-idle' }>,
  ): void {
    if (when === 'next request') this.#doomed.set(socket, how);
    else response.on('finish', () => socket.end());
  }

  #cutBody(request: IncomingMessage, response: ServerResponse, whole: WholeAnswer): void {
    const headers = without(whole.headers, 'transfer-encoding');
    response.writeHead(whole.status, { ...headers, 'content-length': String(Math.max(whole.body.length, 2)) });
    // Once the half is on its way: a reset would take it along.
    response.write(whole.body.subarray(0, Math.floor(whole.body.length / 2)), () => this.#reset(request));
  }
}

function without(headers: IncomingMessage['headers'], ...names: string[]): IncomingMessage['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
}

interface WholeAnswer {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

async function drain(answer: IncomingMessage): Promise<WholeAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return { status: answer.statusCode ?? 502, headers: answer.headers, body: Buffer.concat(chunks) };
}

function refuse(response: ServerResponse, code: number, retryAfter?: number): void {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message: `made up ${code}`,
    reason: 'Test',
    code,
  };
  response.writeHead(code, {
    'content-type': 'application/json',
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
  });
  response.end(JSON.stringify(code === 409 ? { ...status, reason: 'Conflict' } : status));
}

function kindOf(method: string, path: string): SeenRequest['kind'] {
  if (method === 'GET' && /[?&]watch=/.test(path)) return 'watch';
  if (method === 'GET') return path.includes('/leases/') ? 'lease' : 'read';
  if (path.includes('dryRun=All')) return 'dry-run';
  if (path.includes('accessreviews')) return 'review';
  return path.includes('/leases') ? 'lease' : 'write';
}
