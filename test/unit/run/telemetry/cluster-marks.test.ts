import { expect, it } from 'vitest';
import { clusterMarks } from '../../../../src/run/telemetry/cluster-marks.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const never = new AbortController().signal;
const clock = new FakeClock();
const ago = (minutes: number) => new Date(clock.now() - minutes * 60_000).toISOString();
const pod = (name: string, minutes: number, more: object = {}, uid: unknown = `uid-of-${name}`) => ({
  metadata: { name, uid, creationTimestamp: ago(minutes) },
  status: { phase: 'Running' },
  ...more,
});
const node = (name: string, systemUUID: unknown) => ({
  metadata: { name, creationTimestamp: ago(60) },
  status: { nodeInfo: { systemUUID } },
});

const apiOf = (pods: unknown, nodes: unknown) => {
  const asked: string[] = [];
  const getJson = async (path: string) => {
    asked.push(path);
    const items = path.includes('/pods') ? pods : nodes;
    if (items instanceof Error) throw items;
    return { items };
  };
  return { asked, api: { getJson } as never };
};

it('a cluster is known by uids of a few pods and nodes, old ones first', async () => {
  const pods = [
    pod('new', 1),
    pod('done', 60, { status: { phase: 'Succeeded' } }),
    pod('odd', 60, {}, '"} or up{'),
    ...Array.from({ length: 9 }, (_, at) => pod(`old-${at}`, 11)),
  ];
  const { asked, api } = apiOf(pods, [node('n1', 'EC2AAAA-1'), node('n2', ''), node('n3', 7)]);
  const marks = await clusterMarks(api, 'shop', clock, never);
  expect(asked).toEqual(['/api/v1/namespaces/shop/pods?limit=20', '/api/v1/nodes?limit=20']);
  expect(marks.pods).toHaveLength(8);
  expect(marks.pods[0]).toEqual({ namespace: 'shop', name: 'old-0', uid: 'uid-of-old-0', isOld: true });
  expect(marks.nodes).toEqual([{ name: 'n1', uuid: 'EC2AAAA-1', isOld: true }]);
  expect((await clusterMarks(apiOf([pod('new', 1)], []).api, 'shop', clock, never)).pods[0]!.isOld).toBe(false);
});

it('what may not be read proves nothing', async () => {
  const { api } = apiOf([pod('a', 1)], new Error('forbidden'));
  expect(await clusterMarks(api, 'shop', clock, never)).toMatchObject({ pods: [{ name: 'a' }], nodes: [] });
  expect(await clusterMarks(apiOf('x', null).api, 'shop', clock, never)).toEqual({ pods: [], nodes: [] });
  await expect(clusterMarks(apiOf(new Error(), []).api, 'shop', clock, AbortSignal.abort())).rejects.toThrow();
});
