import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { ServerOptions } from 'node:https';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { serverCertificate, serverKey } from '../../unit/cluster/certificates.ts';

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: string;
}

export type Responder = (asked: Asked, response: ServerResponse) => void;

/** A local server of telemetry: answers each path as it is told to and remembers what it was asked. */
export class SourceServer {
  readonly asked: readonly Asked[];
  readonly url: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, scheme: string, asked: readonly Asked[]) {
    this.#server = server;
    this.asked = asked;
    this.url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (socket: Socket) => this.#sockets.add(socket.on('error', () => undefined)));
  }

  /** @param routes by path; `*`: everything else. A text or a value is sent as JSON. */
  static async open(routes: Readonly<Record<string, unknown>>, tls?: ServerOptions): Promise<SourceServer> {
    const seen: Asked[] = [];
    const listener: RequestListener = (request, response) => void answer(request, response, routes, seen);
    const server = tls
      ? createSecureServer({ cert: serverCertificate, key: serverKey, ...tls }, listener)
      : createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new SourceServer(server, tls ? 'https' : 'http', seen);
  }

  /** Closes every connection that there is; new ones are taken. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  routes: Readonly<Record<string, unknown>>,
  seen: Asked[],
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://x');
  // Clocks are told by the tests that are about them.
  response.sendDate = false;
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const asked = {
    method: request.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body,
  };
  seen.push(asked);
  const route = routes[url.pathname] ?? routes['*'];
  if (typeof route === 'function') return (route as Responder)(asked, response);
  if (route === undefined)
    return void response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found');
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(typeof route === 'string' ? route : JSON.stringify(route));
}

/** Opens servers for the tests of a file and closes them after each. */
export function serverPool(afterEach: (work: () => Promise<void>) => void) {
  const open: SourceServer[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((server) => server.close()));
  });
  return async (routes: Readonly<Record<string, unknown>>, tls?: ServerOptions): Promise<SourceServer> => {
    const server = await SourceServer.open(routes, tls);
    open.push(server);
    return server;
  };
}
