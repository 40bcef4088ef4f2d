import { readFile } from 'node:fs/promises';
import { StratusError } from '../../domain/stratus-error.ts';
import { oneLine } from '../../text/plain-text.ts';
import { Credentials } from '../wire/credentials.ts';
import { DirectFetcher } from '../wire/direct-fetcher.ts';
import type { Fetcher } from '../wire/fetcher.ts';
import type { ClusterGet } from '../wire/proxy-fetcher.ts';
import { ProxyFetcher } from '../wire/proxy-fetcher.ts';
import { SourceProblem } from '../wire/source-problem.ts';
import type { SourceSpec } from './source-spec.ts';

/**
 * How a source of the settings is reached.
 * @param clusterGet null where there is no cluster
 * @throws StratusError usage for a Service without a cluster
 */
export function openFetcher(spec: SourceSpec, clusterGet: ClusterGet | null): Fetcher {
  const { place, headers, page, credential, authorityFile } = spec;
  if (place.via === 'aws') throw new StratusError('internal', 'CloudWatch is not fetched from');
  if (place.via === 'service') {
    if (!clusterGet) throw new StratusError('usage', 'a svc:// address needs a cluster: use http(s)://');
    return new ProxyFetcher(place.service, clusterGet, headers, page ?? null);
  }
  // A tenant is no secret; other headers may be.
  const secrets = Object.entries(headers).filter(([name]) => name !== 'x-scope-orgid');
  return new DirectFetcher({
    url: new URL(place.url),
    credentials: new Credentials(
      credential,
      secrets.map(([, value]) => value),
    ),
    headers,
    ...(authorityFile === undefined ? {} : { authority: () => certificatesIn(authorityFile) }),
    ...(page === undefined ? {} : { page }),
  });
}

/** Read before each question: certificates are renewed. */
async function certificatesIn(path: string): Promise<string> {
  const shown = oneLine(path, 200);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SourceProblem('tls', `cannot be asked: the file of its authority ${shown} cannot be read (${code})`, {
      cause: error,
    });
  }
  if (!/-----BEGIN CERTIFICATE-----/.test(text))
    throw new SourceProblem('tls', `cannot be asked: the file of its authority ${shown} holds no certificate (PEM)`);
  return text;
}
