import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { ClusterError } from '../../domain/cluster-error.ts';

/** Opens a raw connection to `host:port`, directly or through a proxy. */
export type OpenTunnel = (host: string, port: number, signal: AbortSignal) => Promise<Duplex>;

/**
 * The proxy for a server, as kubectl chooses it: `proxy-url` of the cluster entry, else HTTPS_PROXY / HTTP_PROXY
 * unless NO_PROXY or a loopback address exempts the host.
 * @throws ClusterError bad-kubeconfig for a proxy address that is not usable
 */
export function proxyFor(server: URL, proxyUrl: string | undefined, env: NodeJS.ProcessEnv): URL | null {
  const named = proxyUrl || (exempt(server, env) ? '' : fromEnvironment(server, env));
  if (!named) return null;
  let proxy: URL;
  try {
    proxy = new URL(named.includes('://') ? named : `http://${named}`);
  } catch {
    throw new ClusterError(
      'bad-kubeconfig',
      `the proxy address for ${server.host} is not a URL: correct proxy-url or HTTPS_PROXY`,
    );
  }
  if (['http:', 'https:', 'socks5:', 'socks5h:'].includes(proxy.protocol)) return proxy;
  throw new ClusterError(
    'bad-kubeconfig',
    `proxies of kind ${proxy.protocol}// are not supported: use http, https or socks5`,
  );
}

function fromEnvironment(server: URL, env: NodeJS.ProcessEnv): string {
  return server.protocol === 'https:'
    ? env.HTTPS_PROXY || env.https_proxy || ''
    : env.HTTP_PROXY || env.http_proxy || '';
}

/** Go's rules: `*`, host names (a domain covers its sub-domains), addresses, CIDR blocks, each with optional port. */
function exempt(server: URL, env: NodeJS.ProcessEnv): boolean {
  const host = hostOf(server).toLowerCase();
  if (host === 'localhost' || host.startsWith('127.') || host === '::1') return true;
  const entries = (env.NO_PROXY || env.no_proxy || '').split(',').map((entry) => entry.trim().toLowerCase());
  return entries.some((entry) => {
    if (entry === '') return false;
    if (entry === '*') return true;
    if (entry.includes('/')) return inBlock(host, entry);
    const [name, port] = splitPort(entry);
    if (port && port !== portOf(server)) return false;
    const domain = name.replace(/^\*?\./, '');
    return host === domain ? !name.startsWith('.') : host.endsWith(`.${domain}`);
  });
}

function splitPort(entry: string): [name: string, port: string] {
  const match = /^([^:]+):(\d+)$/.exec(entry);
  return match ? [match[1]!, match[2]!] : [entry, ''];
}

function inBlock(host: string, block: string): boolean {
  const family = net.isIP(host);
  const [address = '', prefix = ''] = block.split('/');
  if (family === 0 || net.isIP(address) !== family) return false;
  const list = new net.BlockList();
  list.addSubnet(address, Number(prefix), family === 6 ? 'ipv6' : 'ipv4');
  return list.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

export function portOf(url: URL): string {
  return url.port || (url.protocol === 'http:' ? '80' : '443');
}

export function openTunnelThrough(proxy: URL): OpenTunnel {
  return proxy.protocol.startsWith('socks5')
    ? (host, port, signal) => openSocks(proxy, host, port, signal)
    : (host, port, signal) => openConnect(proxy, host, port, signal);
}

function openConnect(proxy: URL, host: string, port: number, signal: AbortSignal): Promise<Duplex> {
  const authority = net.isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
  const headers: Record<string, string> = { host: authority };
  if (proxy.username) {
    const pair = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
    headers['proxy-authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`;
  }
  return new Promise((resolve, reject) => {
    const client = proxy.protocol === 'https:' ? https : http;
    const options = { host: hostOf(proxy), port: portOf(proxy), method: 'CONNECT', path: authority, headers, signal };
    const request = client.request({ ...options, agent: false });
    request.on('connect', (response, socket, head) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        reject(new Error(`proxy ${proxy.host} refused the connection (${response.statusCode})`));
        return;
      }
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    request.on('response', (response) => {
      response.destroy();
      reject(new Error(`proxy ${proxy.host} refused the connection (${response.statusCode})`));
    });
    request.on('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(`proxy ${proxy.host} cannot be used (${error.code ?? error.message})`)),
    );
    request.end();
  });
}

/** SOCKS5 (RFC 1928) with the host name sent to the proxy, without or with user and password (RFC 1929). */
async function openSocks(proxy: URL, host: string, port: number, signal: AbortSignal): Promise<Duplex> {
  const socket = net.connect({ host: hostOf(proxy), port: Number(proxy.port || '1080'), signal });
  const refused = (why: string) => new Error(`proxy ${proxy.host} refused the connection (${why})`);
  try {
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    const user = Buffer.from(decodeURIComponent(proxy.username));
    const password = Buffer.from(decodeURIComponent(proxy.password));
    socket.write(Buffer.from(user.length > 0 ? [5, 2, 0, 2] : [5, 1, 0]));
    const [, method] = await readExactly(socket, 2);
    if (method === 2) {
      socket.write(Buffer.concat([Buffer.from([1, user.length]), user, Buffer.from([password.length]), password]));
      const [, status] = await readExactly(socket, 2);
      if (status !== 0) throw refused('wrong user or password');
    } else if (method !== 0) throw refused('no common way to log in');
    const name = Buffer.from(host);
    const portBytes = Buffer.from([port >> 8, port & 0xff]);
    socket.write(Buffer.concat([Buffer.from([5, 1, 0, 3, name.length]), name, portBytes]));
    const [, reply, , kind] = await readExactly(socket, 4);
    if (reply !== 0) throw refused(`code ${reply}`);
    const length = kind === 1 ? 4 : kind === 4 ? 16 : (await readExactly(socket, 1))[0]!;
    await readExactly(socket, length + 2);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function readExactly(socket: net.Socket, size: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const attempt = () => {
      const chunk = socket.read(size) as Buffer | null;
      if (!chunk) return;
      detach();
      resolve(chunk);
    };
    const failed = (error?: Error) => {
      detach();
      reject(error ?? new Error('the proxy closed the connection'));
    };
    const ended = () => failed();
    const detach = () => socket.off('readable', attempt).off('error', failed).off('end', ended);
    socket.on('readable', attempt).on('error', failed).on('end', ended);
    attempt();
  });
}
