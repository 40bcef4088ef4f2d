import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { ClusterConnection } from '../../../src/cluster/connect/cluster-connection.ts';
import { connect } from '../../../src/cluster/connect/cluster-connection.ts';
import { KubeApi } from '../../../src/gateway/wire/kube-api.ts';
import { loadKubeconfig } from '../../../src/cluster/connect/kubeconfig.ts';
import { SystemClock } from '../../../src/cluster/connect/system-clock.ts';
import { passAsUpstream } from '../../../src/gateway/wire/raw-access.ts';
import { UpstreamError } from '../../../src/gateway/wire/upstream.ts';
import { aliceCertificate, aliceKey, authorityCertificate, serverCertificate, serverKey } from './certificates.ts';

const b64 = (text: string) => Buffer.from(text).toString('base64');
const AUTHORITY = { 'certificate-authority-data': b64(authorityCertificate) };
const ALICE = { 'client-certificate-data': b64(aliceCertificate), 'client-key-data': b64(aliceKey) };

let folder: string;
const cleanups: (() => unknown)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connection-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function listening(server: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => sockets.add(socket.on('error', () => undefined)));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}

async function secureServer(handler: http.RequestListener, options: https.ServerOptions = {}): Promise<number> {
  const server = https.createServer(
    {
      cert: serverCertificate,
      key: serverKey,
      ca: authorityCertificate,
      requestCert: true,
      rejectUnauthorized: false,
      ...options,
    },
    handler,
  );
  return listening(server);
}

async function open(
  server: string,
  cluster: object,
  user: object,
  environment: NodeJS.ProcessEnv = {},
  limits: { connectTimeoutMs?: number; answerTimeoutMs?: number } = {},
): Promise<ClusterConnection> {
  const path = join(folder, 'config');
  const content = {
    'current-context': 'x',
    clusters: [{ name: 'c', cluster: { server, ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  };
  await writeFile(path, stringify(content));
  const kubeconfig = await loadKubeconfig({ kubeconfig: path });
  const options = { clock: new SystemClock(), environment: { PATH: process.env.PATH, ...environment }, ...limits };
  const connection = await connect(kubeconfig, await kubeconfig.target(), options);
  cleanups.push(() => connection.close());
  return connection;
}

async function read(connection: ClusterConnection, path = '/version'): Promise<{ status: number; text: string }> {
  const response = await connection.request({ method: 'GET', path, headers: {} });
  const chunks: Buffer[] = [];
  for await (const chunk of response.body) chunks.push(chunk as Buffer);
  return { status: response.status, text: Buffer.concat(chunks).toString() };
}

async function upstreamFailure(promise: Promise<unknown>): Promise<UpstreamError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UpstreamError);
  expect((error as UpstreamError).message).not.toContain('\n');
  return error as UpstreamError;
}

/** Answers with what the server saw of the caller. */
const echo: http.RequestListener = (request, response) => {
  const peer = (request.socket as TLSSocket).getPeerCertificate?.();
  const headers: http.IncomingHttpHeaders = { ...request.headers, host: undefined, connection: undefined };
  response.end(JSON.stringify({ url: request.url, headers, peer: peer?.subject?.CN ?? null }));
};

describe('connection', () => {
  it('authenticates with a client certificate and keeps a path prefix of the server', async () => {
    const port = await secureServer(echo);
    const connection = await open(`https://127.0.0.1:${port}/k8s/clusters/a/`, AUTHORITY, ALICE);
    expect(JSON.parse((await read(connection, '/api/v1/pods?limit=1')).text)).toEqual({
      url: '/k8s/clusters/a/api/v1/pods?limit=1',
      headers: {},
      peer: 'alice',
    });
  });

  it('reuses its connections', async () => {
    const ports = new Set<number>();
    const port = await secureServer((request, response) => {
      ports.add(request.socket.remotePort!);
      response.end('{}');
    });
    const connection = await open(`https://127.0.0.1:${port}`, AUTHORITY, ALICE);
    for (let i = 0; i < 4; i++) await read(connection);
    expect(ports.size).toBe(1);
  });

  it('opens a connection ahead of the requests when none is open', async () => {
    const seen: string[] = [];
    const sockets = new Set<net.Socket>();
    const port = await secureServer((request, response) => {
      seen.push(request.url!);
      sockets.add(request.socket);
      response.end('{}');
    });
    const connection = await open(`https://127.0.0.1:${port}`, AUTHORITY, ALICE);
    await connection.warmUp();
    await read(connection, '/a');
    await connection.warmUp();
    await read(connection, '/b');
    expect(seen).toEqual(['/version', '/a', '/b']);
    expect(sockets.size).toBe(1);
    connection.close();
    await connection.warmUp();
    await (await open('https://127.0.0.1:1', AUTHORITY, ALICE)).warmUp();
  });

  it('sends token, basic auth and impersonation headers, and drops what the caller brings of its own', async () => {
    const port = await secureServer(echo);
    const seen = async (user: object, headers: Record<string, string> = {}) => {
      const connection = await open(`https://127.0.0.1:${port}`, AUTHORITY, user);
      const response = await connection.request({ method: 'GET', path: '/', headers });
      let text = '';
      for await (const chunk of response.body) text += String(chunk);
      return (JSON.parse(text) as { headers: Record<string, string> }).headers;
    };
    expect(await seen({ token: 't1' }, { authorization: 'Bearer mine', upgrade: 'x', accept: 'a/b' })).toEqual({
      authorization: 'Bearer t1',
      accept: 'a/b',
    });
    expect(await seen({ username: 'u', password: 'p' })).toEqual({ authorization: `Basic ${b64('u:p')}` });
    expect(await seen({ token: 't', as: 'ada', 'as-groups': ['a', 'b'] })).toEqual({
      authorization: 'Bearer t',
      'impersonate-user': 'ada',
      'impersonate-group': 'a, b',
    });
  });

  it('refuses to forward a request to act as somebody else', async () => {
    const port = await secureServer(echo);
    const connection = await open(`https://127.0.0.1:${port}`, AUTHORITY, ALICE);
    const request = { method: 'GET', path: '/', headers: { 'Impersonate-User': 'root' } };
    expect((await upstreamFailure(connection.request(request))).failure).toBe('credentials');
  });

  it('streams bodies both ways and stops reading when aborted', async () => {
    let closed!: () => void;
    const connectionClosed = new Promise<void>((resolve) => (closed = resolve));
    const port = await secureServer((request, response) => {
      request.on('data', (chunk) => response.write(chunk));
      response.on('close', closed);
    });
    const connection = await open(`https://127.0.0.1:${port}`, AUTHORITY, ALICE);
    const controller = new AbortController();
    const response = await connection.request({
      method: 'POST',
      path: '/x?watch=true',
      headers: {},
      body: Buffer.from('first'),
      signal: controller.signal,
    });
    const reading = (async () => {
      for await (const chunk of response.body) {
        expect(String(chunk)).toBe('first');
        controller.abort();
      }
    })();
    await expect(reading).rejects.toThrow();
    await connectionClosed;
  });

  it.each([
    ['DELETE', Buffer.from('{"kind":"DeleteOptions"}'), 'content-length: 24\r\n'],
    ['POST', Buffer.from('{}'), 'content-length: 2\r\n'],
    ['PATCH', Buffer.from('ä'), 'content-length: 2\r\n'],
    ['DELETE', Readable.from([Buffer.from('{}')]), 'transfer-encoding: chunked\r\n'],
  ])('tells where the body of a %s ends', async (method, body, header) => {
    let raw = '';
    const port = await listening(
      net.createServer((socket) => {
        socket.setEncoding('utf8').on('data', (text) => {
          raw += text;
          const [head = '', rest = ''] = raw.split('\r\n\r\n');
          const complete = /chunked/.test(head) ? raw.endsWith('0\r\n\r\n') : rest !== '';
          if (complete) socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
        });
      }),
    );
    const connection = await open(`http://127.0.0.1:${port}`, {}, {});
    const response = await connection.request({ method, path: '/x', headers: { 'content-length': '7' }, body });
    expect(response.status).toBe(200);
    response.body.resume();
    const head = raw.split('\r\n\r\n')[0]!.toLowerCase() + '\r\n';
    expect(head).toContain(header);
    expect(head.match(/content-length|transfer-encoding/g)).toHaveLength(1);
    if (Buffer.isBuffer(body)) expect(raw.endsWith(`\r\n\r\n${body.toString()}`)).toBe(true);
  });

  it('trusts only the named authority, checks the name, and honours the insecure switch', async () => {
    const port = await secureServer(echo);
    const server = `https://127.0.0.1:${port}`;
    const unknown = await upstreamFailure(read(await open(server, {}, ALICE)));
    expect(unknown.failure).toBe('tls');
    expect(unknown.maybeSent).toBe(false);
    expect(unknown.message).toContain('not signed by the certificate authority');
    const wrongName = await upstreamFailure(
      read(await open(server, { ...AUTHORITY, 'tls-server-name': 'other.test' }, ALICE)),
    );
    expect(wrongName.message).toContain('for another name');
    expect((await read(await open(server, { ...AUTHORITY, 'tls-server-name': 'api.test' }, ALICE))).status).toBe(200);
    expect((await read(await open(server, { 'insecure-skip-tls-verify': true }, ALICE))).status).toBe(200);
  });

  it('tells TLS spoken to a plain server', async () => {
    const port = await listening(net.createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    const error = await upstreamFailure(read(await open(`https://127.0.0.1:${port}`, AUTHORITY, ALICE)));
    expect(error.failure).toBe('tls');
    expect(error.message).toContain('does not speak TLS');
  });

  it('tells a refused connection, and that nothing was sent', async () => {
    const server = net.createServer();
    const port = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    const error = await upstreamFailure(read(await open(`https://127.0.0.1:${port}`, AUTHORITY, ALICE)));
    expect(error).toMatchObject({ failure: 'unreachable', maybeSent: false });
    expect(error.message).toContain('connection refused');
  });

  it('gives up on a server that accepts but says nothing', async () => {
    const silent = net.createServer((socket) => socket.on('error', () => undefined));
    const port = await listening(silent);
    const connection = await open(`https://127.0.0.1:${port}`, AUTHORITY, ALICE, {}, { connectTimeoutMs: 50 });
    const error = await upstreamFailure(read(connection));
    expect(error).toMatchObject({ failure: 'unreachable', maybeSent: false });
    connection.close();
  });

  it('marks a request as maybe sent when the answer does not come or the connection breaks', async () => {
    const port = await secureServer((request) => {
      if (request.url === '/break') request.socket.destroy();
    });
    const connection = await open(`https://127.0.0.1:${port}`, AUTHORITY, ALICE, {}, { answerTimeoutMs: 50 });
    expect(await upstreamFailure(read(connection, '/hang'))).toMatchObject({ failure: 'unreachable', maybeSent: true });
    expect(await upstreamFailure(read(connection, '/break'))).toMatchObject({
      failure: 'unreachable',
      maybeSent: true,
    });
  });
});

describe('exec plugins', () => {
  /** A plugin that counts its runs in the token it prints. */
  async function plugin(body: string): Promise<string> {
    const path = join(folder, 'plugin');
    await writeFile(path, `#!${process.execPath}\n${body}`);
    await chmod(path, 0o755);
    return path;
  }
  const counting = `
    const fs = require('node:fs');
    const file = __dirname + '/runs';
    const runs = (fs.existsSync(file) ? Number(fs.readFileSync(file)) : 0) + 1;
    fs.writeFileSync(file, String(runs));
    const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
    console.log(JSON.stringify({ apiVersion: info.apiVersion, kind: 'ExecCredential', status: {
      token: [runs, process.argv[2], process.env.EXTRA, info.spec.interactive].join('-'),
      expirationTimestamp: process.env.EXPIRES } }));`;

  const exec = (command: string, env: Record<string, string> = {}) => ({
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command,
      args: ['arg'],
      env: Object.entries({ EXTRA: 'e', ...env }).map(([name, value]) => ({ name, value })),
      installHint: 'install it from example.test',
    },
  });
  const tokenSeen = async (connection: ClusterConnection) =>
    (JSON.parse((await read(connection)).text) as { headers: Record<string, string> }).headers.authorization;

  it('asks once, caches, and asks again after a 401', async () => {
    let status = 200;
    const port = await secureServer((request, response) => {
      response.statusCode = status;
      echo(request, response);
    });
    const connection = await open(`https://127.0.0.1:${port}`, AUTHORITY, exec(await plugin(counting)));
    expect(await tokenSeen(connection)).toBe('Bearer 1-arg-e-false');
    expect(await tokenSeen(connection)).toBe('Bearer 1-arg-e-false');
    status = 401;
    await read(connection);
    expect(await tokenSeen(connection)).toBe('Bearer 2-arg-e-false');
  });

  it('asks again when the credential is about to expire', async () => {
    const port = await secureServer(echo);
    const user = exec(await plugin(counting), { EXPIRES: new Date(Date.now() + 2_000).toISOString() });
    const connection = await open(`https://127.0.0.1:${port}`, AUTHORITY, user);
    expect(await tokenSeen(connection)).toContain('Bearer 1-');
    expect(await tokenSeen(connection)).toContain('Bearer 2-');
  });

  it.each([
    ['missing', null, 'was not found: install it from example.test'],
    ['failing', `console.error('first\\nplease log in'); process.exit(3);`, 'failed (exit 3): please log in'],
    ['not JSON', `console.log('hello');`, 'did not print JSON'],
    ['empty', `console.log('{"kind":"ExecCredential","status":{}}');`, 'no ExecCredential with a token'],
  ])('explains a plugin that is %s', async (_name, body, text) => {
    const command = body === null ? join(folder, 'absent') : await plugin(body);
    const connection = await open('https://127.0.0.1:1', AUTHORITY, exec(command));
    const error = await upstreamFailure(read(connection));
    expect(error).toMatchObject({ failure: 'credentials', maybeSent: false });
    expect(error.message).toContain(text);
    await expect(new KubeApi(passAsUpstream(connection)).getJson('/version')).rejects.toMatchObject({
      reason: 'exec-plugin',
    });
  });

  it('reads a token file again after a 401', async () => {
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'old\n');
    const port = await secureServer((request, response) => {
      response.statusCode = request.headers.authorization === 'Bearer new' ? 200 : 401;
      response.end('{"gitVersion":"v1"}');
    });
    const connection = await open(`https://127.0.0.1:${port}`, AUTHORITY, { tokenFile });
    await expect(new KubeApi(passAsUpstream(connection)).getJson('/version')).rejects.toMatchObject({
      reason: 'unauthorized',
    });
    await writeFile(tokenFile, 'new\n');
    await expect(new KubeApi(passAsUpstream(connection)).getJson('/version')).resolves.toEqual({ gitVersion: 'v1' });
  });
});

describe('proxies', () => {
  async function connectProxy(seen: string[]): Promise<number> {
    const proxy = http.createServer();
    proxy.on('connect', (request, client: net.Socket) => {
      seen.push(`${request.url} ${request.headers['proxy-authorization'] ?? '-'}`);
      const target = net.connect(Number(request.url!.split(':')[1]), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        target.pipe(client).pipe(target);
      });
      for (const socket of [target, client]) socket.on('error', () => undefined);
    });
    return listening(proxy);
  }

  it('tunnels through proxy-url with its credentials and checks the certificate of the server', async () => {
    const port = await secureServer(echo);
    const seen: string[] = [];
    const proxyPort = await connectProxy(seen);
    const cluster = { ...AUTHORITY, 'proxy-url': `http://me:secret@127.0.0.1:${proxyPort}` };
    const connection = await open(`https://api.test:${port}`, cluster, ALICE);
    expect(JSON.parse((await read(connection)).text)).toMatchObject({ peer: 'alice' });
    expect(seen).toEqual([`api.test:${port} Basic ${b64('me:secret')}`]);
    const distrusting = await open(`https://api.test:${port}`, { 'proxy-url': cluster['proxy-url'] }, ALICE);
    expect((await upstreamFailure(read(distrusting))).failure).toBe('tls');
  });

  it('uses HTTPS_PROXY except for hosts in NO_PROXY', async () => {
    const port = await secureServer(echo);
    const seen: string[] = [];
    const proxyPort = await connectProxy(seen);
    const environment = { HTTPS_PROXY: `http://127.0.0.1:${proxyPort}` };
    await read(await open(`https://api.test:${port}`, AUTHORITY, ALICE, environment));
    expect(seen).toHaveLength(1);
    await read(await open(`https://127.0.0.1:${port}`, AUTHORITY, ALICE, environment));
    await upstreamFailure(
      read(await open(`https://api.test:${port}`, AUTHORITY, ALICE, { ...environment, NO_PROXY: '.test' })),
    );
    expect(seen).toHaveLength(1);
  });

  it('names the proxy when it refuses', async () => {
    const proxyPort = await listening(
      net.createServer((socket) => {
        socket.on('error', () => undefined);
        socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
      }),
    );
    const cluster = { ...AUTHORITY, 'proxy-url': `http://127.0.0.1:${proxyPort}` };
    const error = await upstreamFailure(read(await open('https://api.test:1', cluster, ALICE)));
    expect(error).toMatchObject({ failure: 'unreachable', maybeSent: false });
    expect(error.message).toContain(`proxy 127.0.0.1:${proxyPort} refused the connection (407)`);
  });

  it('speaks SOCKS5 with the host name resolved by the proxy', async () => {
    const port = await secureServer(echo);
    let asked = '';
    const socks = net.createServer((client) => {
      client.on('error', () => undefined);
      client.once('data', () => {
        client.write(Buffer.from([5, 0]));
        client.once('data', (request) => {
          asked = request.subarray(5, 5 + request[4]!).toString();
          const target = net.connect(request.readUInt16BE(5 + request[4]!), '127.0.0.1', () => {
            client.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]));
            target.pipe(client).pipe(target);
          });
          target.on('error', () => undefined);
        });
      });
    });
    const cluster = { ...AUTHORITY, 'proxy-url': `socks5://127.0.0.1:${await listening(socks)}` };
    expect((await read(await open(`https://api.test:${port}`, cluster, ALICE))).status).toBe(200);
    expect(asked).toBe('api.test');
  });
});
