import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../../src/domain/kube-object.ts';
import { refLabel } from '../../../../src/domain/kube-object.ts';
import type { Sample } from '../../../../src/domain/telemetry.ts';
import { ClusterView } from '../../../../src/kube/cluster-view.ts';
import { certificate } from '../../../../src/signals/incident-types/certificate.ts';
import { disk } from '../../../../src/signals/incident-types/disk.ts';
import type { IncidentType, Scene } from '../../../../src/signals/incident-types/incident-type.ts';
import { oom } from '../../../../src/signals/incident-types/oom.ts';
import { EXPIRED_CERTIFICATE } from '../../../support/expired-certificate.ts';
import { answersTo, sceneAt, START } from '../../../support/signal-scene.ts';
import { smallCluster } from '../../../support/small-cluster.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MIB = 2 ** 20;

/** The small cluster with some of its objects changed, and others added. */
function viewWith(change: (object: KubeObject) => void, ...added: KubeObject[]): ClusterView {
  const snapshot = structuredClone(smallCluster());
  for (const object of Object.values(snapshot.objects).flat()) change(object);
  for (const object of added) (snapshot.objects[object.kind] ??= []).push(object);
  return new ClusterView(snapshot);
}

function judged(
  type: IncidentType,
  series: Parameters<typeof answersTo>[1],
  now: number,
  more: Partial<Scene> = {},
): ReturnType<IncidentType['judge']> {
  const scene = sceneAt(now, more);
  return type.judge(answersTo(type.asks(scene), series), scene);
}

const every = (stepMs: number, from: number, to: number, value: (at: number) => number): Sample[] =>
  Array.from({ length: Math.floor((to - from) / stepMs) + 1 }, (_, index) => from + index * stepMs).map((at) => ({
    at,
    value: value(at),
  }));

describe('out of memory', () => {
  const limited = viewWith((object) => {
    if (object.kind !== 'Pod' && object.kind !== 'Deployment') return;
    const spec = object.kind === 'Pod' ? object.spec : object.spec.template.spec;
    for (const container of spec.containers) container.resources = { limits: { memory: '256Mi' } };
  });
  const labels = { namespace: 'shop', pod: 'cart-5f6d8c7b9-abcd0', container: 'cart' };
  const read = (value: (at: number) => number, now: number, view = limited) =>
    judged(oom, { 'memory/working-set': [{ labels, samples: every(30_000, START, START + HOUR, value) }] }, now, {
      view,
    });
  const above = (from: number) => (at: number) => (at >= START + from ? 230 : 150) * MIB;

  it('is not found by numbers that cannot be of this container, which are told', () => {
    const { signals, unjudged } = read(() => 400 * MIB, START + 22 * MINUTE);
    expect(signals).toEqual([]);
    expect(unjudged).toEqual([
      expect.objectContaining({
        reason: expect.stringMatching(/400 MiB, more than its limit of 256 MiB lets it$/) as string,
      }),
    ]);
  });

  it('is found when a container was above 85 % of its limit for five minutes, and early before', () => {
    expect(read(above(20 * MINUTE), START + 22 * MINUTE).signals).toEqual([
      expect.objectContaining({ level: 'early' }),
    ]);
    const [signal] = read(above(20 * MINUTE), START + 26 * MINUTE).signals;
    expect(signal).toMatchObject({ level: 'incident', unit: 'bytes', threshold: 0.85 * 256 * MIB });
    expect(refLabel(signal!.object!)).toBe('Deployment/shop/cart');
    expect(signal!.message).toBe(
      'container cart of Pod/shop/cart-5f6d8c7b9-abcd0 uses 230 MiB, 89.8 % of its limit, for 6 min',
    );
  });

  it('is not found while memory goes up and down around the line, or for a container without a limit', () => {
    const swinging = (at: number) => (at % (4 * MINUTE) < 2 * MINUTE ? 240 : 180) * MIB;
    for (let minute = 20; minute <= 60; minute++)
      expect(read(swinging, START + minute * MINUTE).signals.filter(({ level }) => level === 'incident')).toEqual([]);
    expect(read(above(0), START + HOUR, new ClusterView(smallCluster())).signals).toEqual([]);
  });

  it('is found by a kill, for ten minutes, with what memory looked like before', () => {
    const at = START + 30 * MINUTE;
    const killed = viewWith((object) => {
      if (object.metadata.name !== labels.pod) return;
      for (const container of object.spec.containers) container.resources = { limits: { memory: '256Mi' } };
      const terminated = { reason: 'OOMKilled', finishedAt: new Date(at).toISOString() };
      object.status.containerStatuses = [{ name: 'cart', restartCount: 3, lastState: { terminated } }];
    });
    const [signal] = read(() => 100 * MIB, at + 9 * MINUTE, killed).signals;
    expect(signal).toMatchObject({ level: 'incident', since: at });
    expect(signal!.message).toMatch(/was killed for memory at its limit of 256 MiB \(restarts: 3\)$/);
    expect(read(() => 100 * MIB, at + 11 * MINUTE, killed).signals).toEqual([]);
    const [both] = read(above(29 * MINUTE), at + 5 * MINUTE, killed).signals;
    expect(both!.message).toMatch(/was killed .*; container cart .* uses 230 MiB/);
    expect(both!.chart).not.toBeNull();
  });
});

describe('numbers that cannot be', () => {
  it('are no date of a certificate, and are told', () => {
    const probe = (value: number) => ({
      'certificate/probes': [{ labels: { instance: 'https://a.io' }, samples: [{ at: START, value }] }],
    });
    for (const value of [0, -62_135_596_800, 9e15])
      expect(judged(certificate, probe(value), START).unjudged).toEqual([
        expect.objectContaining({ reason: expect.stringMatching(/of https:\/\/a\.io is no date/) as string }),
      ]);
  });
});

describe('a disk filling up', () => {
  const labels = { namespace: 'shop', persistentvolumeclaim: 'data-store-0' };
  const now = START + 6 * HOUR;
  const read = (
    value: (hour: number) => number,
    from = START,
    more: Record<string, string> = labels,
    key = 'disk/claims',
  ) =>
    judged(
      disk,
      { [key]: [{ labels: more, samples: every(60_000, from, now, (at) => value((at - START) / HOUR)) }] },
      now,
    );

  it('is found above 80 % when it is full within a day, with when', () => {
    const [signal] = read((hour) => 0.7 + 0.025 * hour).signals;
    expect(signal).toMatchObject({ level: 'incident', unit: 'ratio' });
    expect(refLabel(signal!.object!)).toBe('PersistentVolumeClaim/shop/data-store-0');
    expect(signal!.message).toBe(
      'PersistentVolumeClaim/shop/data-store-0 is 85 % full, and will be full in 6 h (6 h to 6 h)',
    );
    expect(signal!.chart!.lines).toHaveLength(2);
  });

  it.each([
    ['below 80 %', (hour: number) => 0.3 + 0.05 * hour],
    ['full, but not filling', () => 0.93],
    ['emptied again and again', (hour: number) => 0.8 + 0.1 * (hour % 1)],
    ['filling in more than a day', (hour: number) => 0.82 + 0.003 * hour],
  ])('is not found: %s', (_, value) => {
    expect(read(value).signals.filter(({ level }) => level === 'incident')).toEqual([]);
  });

  it('that began to fill up lately is found, however long it was as good as empty before', () => {
    const [signal] = read((hour) => Math.max(0.1, 0.1 + 4.5 * (hour - 5.8))).signals;
    expect(signal).toMatchObject({ level: 'incident' });
    expect(signal!.message).toMatch(/ is 100 % full, and is full now$/);
    const [soon] = read((hour) => Math.max(0.1, 0.1 + 2.5 * (hour - 5.7))).signals;
    expect(soon).toMatchObject({ level: 'incident' });
    expect(soon!.message).toMatch(/ is 85 % full, and will be full in 3\.6 min \(/);
    const [first] = read((hour) => (hour > 5.96 ? 0.82 + 2 * (hour - 5.96) : 0.1)).signals;
    expect(first).toMatchObject({
      level: 'early',
      message: expect.stringMatching(/too lately for a forecast/) as string,
    });
  });

  it('that is full and stays so is told, and is no incident by itself', () => {
    const [signal] = read(() => 0.999).signals;
    expect(signal).toMatchObject({
      level: 'early',
      message: expect.stringMatching(/ is 99\.9 % full, and has been for as long as is known$/) as string,
    });
  });

  it('that was written to once is not called filling', () => {
    expect(read((hour) => (hour > 4 ? 0.9 : 0.1)).signals).toEqual([]);
  });

  it('is an early sign where the history is too short to foretell a day', () => {
    const [signal] = read((hour) => 0.4 + 0.08 * hour, now - 20 * MINUTE).signals;
    expect(signal).toMatchObject({ level: 'early', message: expect.stringMatching(/20 min of history do not tell/) });
    const [soon] = read((hour) => 0.97 - 0.3 * (6 - hour), now - 20 * MINUTE).signals;
    expect(soon).toMatchObject({ level: 'incident' });
  });

  it('of a node is told by its mount point; of nodes that are not known nothing is', () => {
    const node = { job: 'node-exporter', instance: '192.168.0.2:9100', device: '/dev/sda1', mountpoint: '/var' };
    const [signal] = read((hour) => 0.7 + 0.025 * hour, START, node, 'disk/nodes').signals;
    expect(refLabel(signal!.object!)).toBe('Node/node2');
    expect(signal!.message).toMatch(/^\/var of Node\/node2 is 85 % full/);
    expect(
      read((hour) => 0.7 + 0.025 * hour, START, { ...node, instance: '10.9.9.9:9100' }, 'disk/nodes').signals,
    ).toEqual([]);
  });

  it('is unknown where nothing was told lately', () => {
    const samples = every(120_000, START, now - HOUR, () => 0.9);
    const { signals, unjudged } = judged(disk, { 'disk/claims': [{ labels, samples }] }, now);
    expect(signals).toEqual([]);
    expect(unjudged).toEqual([expect.objectContaining({ reason: expect.stringMatching(/nothing was told/) })]);
  });
});

describe('a certificate about to expire', () => {
  const secret: KubeObject = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'web-tls', namespace: 'shop', annotations: { 'cert-manager.io/certificate-name': 'web' } },
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': '' },
  };
  const ingress: KubeObject = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { tls: [{ hosts: ['*.shop.io'], secretName: 'web-tls' }], rules: [{ host: 'www.shop.io' }] },
  };
  const view = viewWith(() => undefined, secret, ingress);
  const inDays = (days: number) => (START + days * DAY) / 1_000;
  const at = (value: number) => [{ at: START, value }];
  const read = (series: Parameters<typeof answersTo>[1], more = view) =>
    judged(certificate, series, START, { view: more }).signals;

  it.each([
    [
      'probed',
      { 'certificate/probes': [{ labels: { instance: 'https://www.shop.io/login' }, samples: at(inDays(13)) }] },
    ],
    [
      'issued',
      {
        'certificate/issued': [
          { labels: { exported_namespace: 'shop', namespace: 'cm', name: 'web' }, samples: at(inDays(13)) },
        ],
      },
    ],
  ])('is found within fourteen days and led back to its Secret: %s', (_, series) => {
    const [signal] = read(series);
    expect(refLabel(signal!.object!)).toBe('Secret/shop/web-tls');
    expect(signal).toMatchObject({ level: 'incident', value: 13, unit: 'days', since: START - DAY });
    expect(signal!.message).toMatch(/expires in 13 days, at 2030-03-30T/);
  });

  it('is not found in fifteen days, and says since when it is over', () => {
    const issued = (days: number) => ({
      'certificate/issued': [{ labels: { namespace: 'shop', name: 'other' }, samples: at(inDays(days)) }],
    });
    expect(read(issued(15))).toEqual([]);
    expect(read(issued(-3))[0]).toMatchObject({
      message: expect.stringMatching(/Certificate\/shop\/other expired 3 days ago/),
    });
  });

  it('stands once, however many tell of it, with the earliest end', () => {
    const signals = read({
      'certificate/probes': [{ labels: { instance: 'https://www.shop.io' }, samples: at(inDays(9)) }],
      'certificate/issued': [{ labels: { namespace: 'shop', name: 'web' }, samples: at(inDays(13)) }],
    });
    expect(signals.map(({ value }) => value)).toEqual([9]);
  });

  it('is read off a Secret or a Certificate where these may be read', () => {
    const readable = { ...secret, data: { 'tls.crt': Buffer.from(EXPIRED_CERTIFICATE).toString('base64') } };
    const object: KubeObject = {
      apiVersion: 'cert-manager.io/v1',
      kind: 'Certificate.cert-manager.io',
      metadata: { name: 'api', namespace: 'shop' },
      status: { notAfter: new Date(START + 2 * DAY).toISOString() },
    };
    const signals = read(
      {},
      viewWith(() => undefined, readable, object),
    );
    expect(signals.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^the certificate of Secret\/shop\/web-tls expired/),
      expect.stringMatching(/^the certificate of Certificate\/shop\/api expires in 2 days/),
    ]);
  });

  it('of a host outside is an early sign', () => {
    const [signal] = read({
      'certificate/probes': [{ labels: { instance: 'https://example.com' }, samples: at(inDays(1)) }],
    });
    expect(signal).toMatchObject({ level: 'early', object: null });
  });
});
