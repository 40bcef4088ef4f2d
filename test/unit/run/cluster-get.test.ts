import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { clusterGet } from '../../../src/run/telemetry/cluster-get.ts';
import type { UpstreamRequest } from '../../../src/gateway/wire/upstream.ts';

it('a question to a Service is one GET that names its tenant, and the answer tells its time', async () => {
  const sent: UpstreamRequest[] = [];
  const get = clusterGet({
    request: async (request) => {
      sent.push(request);
      const headers = { date: 'Tue, 04 Mar 2031 05:06:07 GMT', 'set-cookie': 'x', 'content-type': 'application/json' };
      return { status: 200, headers, body: Readable.from([Buffer.from('{}')]) };
    },
  });
  const path = '/api/v1/namespaces/mimir/services/gateway:80/proxy/prometheus/api/v1/query?query=up%7Ba%3D%22b%22%7D';
  const asked = { accept: 'application/json', 'x-scope-orgid': 'one', authorization: 'Bearer x', cookie: 'y' };
  const answer = await get(path, asked, new AbortController().signal);
  expect(sent.map(({ method, path: where, headers }) => [method, where, headers])).toEqual([
    ['GET', path, { accept: 'application/json', 'x-scope-orgid': 'one' }],
  ]);
  expect(answer).toMatchObject({ status: 200, headers: { date: 'Tue, 04 Mar 2031 05:06:07 GMT' } });
  expect(answer.headers).not.toHaveProperty('set-cookie');
});
