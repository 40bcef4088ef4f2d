import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { GatewayResponse, Handler } from './messages.ts';
import { readAll, statusResponse } from './messages.ts';

/**
 * HTTP server on 127.0.0.1 in front of one gateway mode. Clients authenticate by a random path prefix (kubectl sends
 * no token over plain HTTP); `url` carries it and must reach nobody but the child it is meant for.
 */
export class Loopback {
  readonly url: string;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(url: string, server: Server, sockets: Set<Socket>) {
    this.url = url;
    this.#server = server;
    this.#sockets = sockets;
  }

  /** Listens on a free port. `onUpgrade` hears of refused stream requests, which never reach the handler. */
  static async open(
    handler: Handler,
    onUpgrade: (method: string, path: string) => void = () => undefined,
  ): Promise<Loopback> {
    const secret = randomBytes(24).toString('hex');
    const sockets = new Set<Socket>();
    const server = createServer((request, response) => {
      void serve(handler, secret, request, response);
    });
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    // exec, attach and port-forward ask for an upgraded connection; there is no such thing here.
    server.on('upgrade', (request, socket) => {
      socket.on('error', () => socket.destroy());
      const known = withoutPrefix(request.url ?? '', secret) !== null;
      const reason = known
        ? 'refused by Stratus (upgrade): streams in both directions (exec, attach, port-forward) are refused'
        : 'unknown path prefix';
      if (known) onUpgrade(request.method ?? '', withoutPrefix(request.url ?? '', secret) ?? '');
      const body = statusResponse(403, reason).body as Buffer;
      socket.end(
        `HTTP/1.1 403 Forbidden\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body.toString()}`,
      );
    });
    server.on('connect', (_request, socket) => socket.destroy());
    server.requestTimeout = 0;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    return new Loopback(`http://127.0.0.1:${port}/${secret}`, server, sockets);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** Answers up to this length are handed on in one piece, which costs a client fewer wake-ups. */
const SMALL_BYTES = 256 << 10;
const CLIENT_GONE = new Error('the client closed its connection');

/** The body as a whole when it is here or known to be small. */
async function small({ headers, body }: GatewayResponse): Promise<Buffer | null> {
  if (Buffer.isBuffer(body)) return body;
  const length = Number(headers['content-length'] ?? Number.POSITIVE_INFINITY);
  return length <= SMALL_BYTES ? readAll(body, SMALL_BYTES) : null;
}

async function serve(
  handler: Handler,
  secret: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const abort = new AbortController();
  // A response that was sent as a whole has nothing left to stop.
  response.on('close', () => response.writableFinished || abort.abort(CLIENT_GONE));
  response.on('error', () => abort.abort(CLIENT_GONE));
  try {
    const url = withoutPrefix(request.url ?? '', secret);
    const hasBody = !['GET', 'HEAD'].includes(request.method ?? '');
    const answer =
      url === null
        ? statusResponse(403, 'refused by Stratus (address): unknown path prefix')
        : await handler.handle({
            method: request.method ?? 'GET',
            url,
            headers: request.headers as Record<string, string | undefined>,
            body: hasBody ? request : null,
            signal: abort.signal,
          });
    const whole = await small(answer);
    if (whole) {
      const length = whole.length > 0 ? { 'content-length': String(whole.length) } : {};
      response.writeHead(answer.status, { ...answer.headers, ...length }).end(whole);
      return;
    }
    response.writeHead(answer.status, answer.headers);
    // Watches and logs: the first byte goes out before the second arrives.
    response.flushHeaders();
    await pipeline(answer.body, response);
  } catch (error) {
    if (response.headersSent || abort.signal.aborted) response.destroy();
    else {
      const answer = statusResponse(500, `Stratus gateway: ${(error as Error).message}`);
      response.writeHead(answer.status, answer.headers);
      response.end(answer.body);
    }
  }
}

function withoutPrefix(url: string, secret: string): string | null {
  const given = Buffer.from(url.slice(1, 1 + secret.length));
  const wanted = Buffer.from(secret);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return null;
  const rest = url.slice(1 + secret.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}
