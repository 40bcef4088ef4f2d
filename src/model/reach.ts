import { isIP } from 'node:net';
import { ChatError } from '../domain/chat.ts';
import type { ModelEndpoint } from '../domain/model-settings.ts';
import { oneLine } from '../text/plain-text.ts';

/** The address of a model's server, judged fit to be asked. */
export interface Reach {
  /** Without a slash at its end. */
  baseUrl: string;
  /** The server is on this machine. */
  loopback: boolean;
  /** The address as people may see it: nothing secret is in it. */
  shown: string;
}

const OPENAI = 'https://api.openai.com/v1';
/** Names that public DNS does not serve. */
const INSIDE = /(^[^.]+|\.(local|localdomain|internal|intranet|lan|home|home\.arpa|private|corp|svc|cluster\.local))$/;

/**
 * A key goes over plain http to this machine and to private networks only (RFC 1918, 6598, 4193, link-local, names that
 * public DNS does not serve): beyond them anybody on the way could read it.
 * @throws ChatError for an address that cannot be asked, or must not be
 */
export function reachOf({ provider, baseUrl, apiKey }: Pick<ModelEndpoint, 'provider' | 'baseUrl' | 'apiKey'>): Reach {
  if (!baseUrl.trim()) {
    if (provider === 'azure')
      throw new ChatError(
        'unreachable',
        'Azure needs the address of your resource, as in https://NAME.openai.azure.com',
      );
    return { baseUrl: OPENAI, loopback: false, shown: OPENAI };
  }
  const url = URL.parse(baseUrl.trim());
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new ChatError(
      'unreachable',
      `the model's address is none of http or https: ${oneLine(withoutUser(baseUrl), 100)}`,
    );
  if (url.username || url.password)
    throw new ChatError('unreachable', `the model's address must not hold a user or password: give the key by itself`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const loopback = isLoopback(host);
  url.hash = '';
  const shown = oneLine(`${url.origin}${url.pathname}`.replace(/\/+$/, ''), 200);
  if (apiKey && url.protocol === 'http:' && !loopback && !isPrivate(host))
    throw new ChatError('unreachable', `a key is not sent over plain http to ${oneLine(host, 100)}: use https`);
  return { baseUrl: url.href.replace(/\/+(?=\?|$)/, ''), loopback, shown };
}

function isLoopback(host: string): boolean {
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '::1' ||
    (isIP(host) === 4 && host.startsWith('127.'))
  );
}

function isPrivate(host: string): boolean {
  if (isIP(host) === 6) return /^(f[cd]|fe[89ab])/i.test(host);
  if (isIP(host) === 0) return INSIDE.test(host.replace(/\.$/, ''));
  const [a = 0, b = 0] = host.split('.').map(Number);
  return (
    a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 169 && b === 254) ||
    (a === 100 && b >= 64 && b < 128)
  ); // prettier-ignore
}

function withoutUser(text: string): string {
  return text.replace(/[^/]*@/, '').replace(/[?#].*$/s, '');
}
