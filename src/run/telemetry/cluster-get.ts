import { Readable } from 'node:stream';
import { Monitor } from '../../gateway/monitor/monitor.ts';
import type { Upstream } from '../../gateway/wire/upstream.ts';
import type { ClusterGet } from '../../telemetry/wire/proxy-fetcher.ts';

/** Questions to Services of the cluster, each let through as the one request of a probe. */
export function clusterGet(upstream: Upstream): ClusterGet {
  return async (path, headers, signal) => {
    const probe = new Monitor(upstream, 'probe', { probe: { path } });
    const answer = await probe.handle({ method: 'GET', url: path, headers, body: null, signal });
    const { status, body } = answer;
    return { status, headers: answer.headers, body: Buffer.isBuffer(body) ? Readable.from([body]) : body };
  };
}
