import { ChatError } from '../domain/chat.ts';
import type { ModelEndpoint } from '../domain/model-settings.ts';
import { hostOf, isLoopbackHost, isPrivateHost } from '../text/host-reach.ts';
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

/**
 * A key goes over plain http to this machine and to private networks only: beyond them anybody on the way could read it.
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
  const host = hostOf(url);
  const loopback = isLoopbackHost(host);
  url.hash = '';
  const shown = oneLine(`${url.origin}${url.pathname}`.replace(/\/+$/, ''), 200);
  if (apiKey && url.protocol === 'http:' && !loopback && !isPrivateHost(host))
    throw new ChatError('unreachable', `a key is not sent over plain http to ${oneLine(host, 100)}: use https`);
  return { baseUrl: url.href.replace(/\/+(?=\?|$)/, ''), loopback, shown };
}

function withoutUser(text: string): string {
  return text.replace(/[^/]*@/, '').replace(/[?#].*$/s, '');
}
