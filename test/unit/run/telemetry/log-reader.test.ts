import { describe, expect, it } from 'vitest';
import type { ObjectRef } from '../../../../src/domain/kube-object.ts';
import type { Severity } from '../../../../src/domain/severity.ts';
import type { Suspect } from '../../../../src/domain/signals.ts';
import type { Answer, LogLine, LogQuery, LogSource } from '../../../../src/domain/telemetry.ts';
import { ClusterView } from '../../../../src/kube/cluster-view.ts';
import { readLogs } from '../../../../src/run/telemetry/log-reader.ts';
import { smallCluster } from '../../../support/small-cluster.ts';

const never = new AbortController().signal;
const NOW = Date.parse('2030-01-01T00:00:00Z');
const MINUTE = 60_000;
const CART: ObjectRef = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'cart' };
const view = new ClusterView(smallCluster());
const [cartPod] = view.podsOf(view.find('Deployment', 'shop', 'cart')!).map(({ metadata }) => metadata.name);
const SICK: Severity = {
  known: true,
  items: [
    {
      source: 'alert',
      object: null,
      what: 'Slow',
      grade: 1,
      message: 'Slow',
      subjects: [CART],
      since: NOW - 7 * MINUTE,
    },
  ],
};
const WELL: Severity = { known: true, items: [] };
/** Ten minutes: the alert's seven, and what it comes late. */
const FROM = NOW - 10 * MINUTE;

const write = (minutesAgo: number, text: string, pod = cartPod!): LogLine => ({
  at: NOW - minutesAgo * MINUTE,
  text,
  pod,
  container: 'cart',
});
const usual = Array.from({ length: 40 }, (_, index) =>
  write(11 + index / 2, `INFO served request ${index} in ${index}ms`),
);
const refused = (minutesAgo: number) =>
  write(minutesAgo, `ERROR cannot reach store: dial tcp 10.0.3.${minutesAgo}:8080 refused`);

interface Store extends LogSource {
  asked: LogQuery[];
}

/** A source of these lines that gives no more than `most` at once. */
function storeOf(lines: readonly LogLine[], most = 5_000, name = 'VictoriaLogs'): Store {
  const asked: LogQuery[] = [];
  return {
    name,
    lagMs: 1_000,
    asked,
    link: ({ from }) => `https://logs.example/?from=${from}`,
    search: async (query): Promise<Answer<LogLine[]>> => {
      asked.push(query);
      const { pod, container, text, from, to, limit } = query;
      const found = lines
        .filter((line) => line.at >= from && line.at < to)
        .filter(
          (line) =>
            (pod === undefined || line.pod === pod) && (container === undefined || line.container === container),
        )
        .filter((line) => text === undefined || line.text.toLowerCase().includes(text.toLowerCase()))
        .sort((a, b) => a.at - b.at);
      const size = Math.min(limit, most);
      const cut = found.length > size ? { cut: `only the newest ${size} lines` } : {};
      return { state: 'ok', value: found.slice(-size), asOf: NOW, ...cut };
    },
  };
}

const broken = (answer: () => Promise<Answer<LogLine[]>>): LogSource => ({
  name: 'Loki',
  lagMs: 1_000,
  search: answer,
  link: () => null,
});
const empty = storeOf([], 5_000, 'kubectl logs');

const suspect = (object: ObjectRef): Suspect => ({
  node: { id: 'x', name: object.name, object },
  pod: null,
  symptom: 'errors',
  score: 1,
  confidence: 1,
  lift: null,
  message: 'errors begin there',
  traces: [],
});

function read(
  source: LogSource | null,
  kubelets: LogSource = empty,
  severity = SICK,
  suspects: Suspect[] = [],
  signal = never,
) {
  const seen = { reading: { signals: [], unjudged: [], absent: [] }, suspects: { suspects, unknown: null } };
  return readLogs({ source, kubelets, view, severity, seen, now: NOW }, signal);
}

describe('logs around the beginning of an incident', () => {
  it('are templates with counts, times and whose they are; what was never said before is new', async () => {
    const lines = [...usual, ...[6, 5, 4, 3].map(refused), write(2, 'INFO served request 7 in 12ms')];
    const source = storeOf(lines);
    const { logs, notes } = await read(source);
    expect(notes).toEqual([]);
    expect(logs).toEqual({
      source: 'VictoriaLogs',
      from: FROM,
      to: NOW,
      beforeFrom: FROM - 30 * MINUTE,
      templates: [
        {
          text: 'ERROR cannot reach store: dial tcp <ip> refused',
          object: CART,
          count: 4,
          before: 0,
          first: NOW - 6 * MINUTE,
          last: NOW - 3 * MINUTE,
          isNew: true,
          isTrouble: true,
        },
      ],
      more: 0,
      link: `https://logs.example/?from=${FROM}`,
      unknown: null,
    });
    expect(source.asked.every(({ namespace, limit }) => namespace === 'shop' && limit > 0)).toBe(true);
  });

  it('keep trouble that was there before, with how often, and call it not new', async () => {
    const { logs } = await read(storeOf([...usual, refused(20), ...[6, 5].map(refused)]));
    expect(logs!.templates).toMatchObject([{ count: 2, before: 1, isNew: false, isTrouble: true }]);
  });

  it('call nothing new where too little is there to compare with', async () => {
    const { logs } = await read(storeOf([...usual.slice(0, 3), refused(5)]));
    expect(logs!.templates).toMatchObject([{ isNew: false, before: null }]);
    expect(logs!.unknown).toBe('only 3 lines from before are there to compare with');
  });

  it('ask for the words where there were more lines than could be read', async () => {
    const noise = Array.from({ length: 3_000 }, (_, index) =>
      write(11 + index / 200, `INFO served request ${index} in 3ms`),
    );
    const fresh = await read(storeOf([...noise, refused(6), refused(5)]));
    expect(fresh.logs!.templates[0]).toMatchObject({ isNew: true, before: 0, count: 2 });
    expect(fresh.logs!.unknown).toBeNull();
    // The same was said once, among the lines that were not read.
    const old = await read(storeOf([...noise, refused(39), refused(6), refused(5)]));
    expect(old.logs!.templates[0]).toMatchObject({ isNew: false, before: null });
    // What is said once shows as its own words what may differ each time.
    const once = await read(storeOf([...noise, write(5, 'ERROR login failed for user alice')]));
    expect(once.logs!.templates[0]).toMatchObject({ isNew: false, before: null });
    expect(old.logs!.unknown).toMatch(/more lines before than could be read/);
  });

  it('are read pod by pod of what is in trouble where a namespace writes too much', async () => {
    const noise = Array.from({ length: 4_000 }, (_, index) =>
      write(index / 1_000, `INFO tick ${index}`, 'web-5f6d8c7b9-abcd0'),
    );
    const source = storeOf([...usual, ...noise, refused(6)]);
    const { logs } = await read(source);
    expect(logs!.templates.map(({ object }) => object)).toContainEqual(CART);
    expect(source.asked.map(({ pod }) => pod)).toContain(cartPod);
  });

  it('hold no credential', async () => {
    const { logs } = await read(
      storeOf([...usual, write(5, 'ERROR login failed: postgres://app:hunter2secret@db:5432/x')]),
    );
    expect(JSON.stringify(logs)).toContain('login failed');
    expect(JSON.stringify(logs)).not.toContain('hunter2secret');
  });

  it.each<[string, LogSource | null, string[]]>([
    ['there is no source', null, []],
    ['the source knows nothing of the namespace', storeOf([]), []],
    [
      'the source fails',
      broken(async () => ({ state: 'unknown', reason: 'it does not answer' })),
      ['Loki: it does not answer'],
    ],
    ['the source throws', broken(() => Promise.reject(new Error('broken'))), ['Loki: broken']],
  ])('come from kubelets where %s', async (_, source, notes) => {
    const kubelets = storeOf([...usual, refused(5)], 5_000, 'kubectl logs');
    const read1 = await read(source, kubelets, SICK);
    expect(read1.notes).toEqual(notes);
    expect(read1.logs).toMatchObject({ source: 'kubectl logs', templates: [{ isNew: true, object: CART }] });
    expect(kubelets.asked.length).toBeGreaterThan(0);
    expect(kubelets.asked.every(({ pod, container }) => pod !== undefined && container !== undefined)).toBe(true);
  });

  it('are those of whom traces name, too', async () => {
    const kubelets = storeOf([...usual, refused(5)], 5_000, 'kubectl logs');
    const { logs } = await read(null, kubelets, WELL, [suspect(CART)]);
    expect(logs!.templates).toMatchObject([{ object: CART }]);
  });

  it('are not read where nothing is in trouble', async () => {
    const source = storeOf(usual);
    expect(await read(source, empty, WELL)).toEqual({ logs: null, notes: [] });
    expect(source.asked).toEqual([]);
  });

  it('end with a cancel', async () => {
    const stop = new AbortController();
    const source = broken(() => (stop.abort(new Error('cancelled')), Promise.reject(new Error('aborted'))));
    await expect(read(source, empty, SICK, [], stop.signal)).rejects.toThrow();
  });
});
