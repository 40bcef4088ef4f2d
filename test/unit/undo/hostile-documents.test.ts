import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { Json } from '../../../src/json/json.ts';
import { cloneJson, MAX_DEPTH, parseJson, printJson } from '../../../src/json/lossless-json.ts';
import { attribute } from '../../../src/gateway/write/attribution.ts';
import type { IntentRecord } from '../../../src/gateway/journal/journal-records.ts';
import { canonicalJson } from '../../../src/json/canonical-json.ts';
import { sameJson } from '../../../src/json/same-json.ts';
import { difference, pointer, valueAt } from '../../../src/undo/difference.ts';
import { normalise, recreationBody } from '../../../src/undo/normalise.ts';
import type { PatchOperation } from '../../../src/undo/reverse-patch.ts';
import { guardedPatch, takeBack } from '../../../src/undo/reverse-patch.ts';
import { hostileText } from '../domain/hostile-json.ts';

const document = hostileText.map((text) => parseJson(text));

/** RFC 6902 with Maps, so that no key means anything else than itself; `test` compares texts, as the server does. */
function apply(start: Json, operations: PatchOperation[]): string {
  type Node = Map<string, Node> | Node[] | string;
  const asNode = (value: Json): Node =>
    Array.isArray(value)
      ? value.map(asNode)
      : typeof value === 'object' && value !== null && Object.getPrototypeOf(value)?.constructor === undefined
        ? new Map(Object.entries(value as { [key: string]: Json }).map(([key, member]) => [key, asNode(member)]))
        : printJson(value);
  const asText = (node: Node): string =>
    typeof node === 'string'
      ? node
      : Array.isArray(node)
        ? `[${node.map(asText).join(',')}]`
        : `{${[...node].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, member]) => `${JSON.stringify(key)}:${asText(member)}`)}}`;
  const get = (node: Node, key: string) =>
    (node instanceof Map ? node.get(key) : (node as Node[])[Number(key)]) as Node;
  const root = new Map<string, Node>([['root', asNode(start)]]);
  for (const operation of operations) {
    const keys = operation.path.split('/').map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    keys[0] = 'root';
    const last = keys.pop()!;
    const parent = keys.reduce<Node>(get, root);
    if (operation.op === 'test') expect(asText(get(parent, last))).toBe(asText(asNode(operation.value)));
    else if (parent instanceof Map) {
      if (operation.op === 'remove') parent.delete(last);
      else parent.set(last, asNode(operation.value));
    } else (parent as Node[])[Number(last)] = asNode((operation as { value: Json }).value);
  }
  return asText(root.get('root')!);
}
/** Keys in order, numbers as they are. */
const exactly = (value: Json) => apply(value, []);

it('what the deployment controller numbers is not compared', () => {
  const of = (annotations: Record<string, string>): KubeObject => ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'web-1', annotations },
  });
  const [before, after] = [
    { 'deployment.kubernetes.io/revision': '1' },
    { 'deployment.kubernetes.io/revision': '3', 'deployment.kubernetes.io/revision-history': '1' },
  ];
  expect(normalise(of(after))).toEqual(normalise(of(before)));
  expect(normalise(of({ ...before, note: 'x' }))).not.toEqual(normalise(of(before)));
});

it('the size of a ReplicaSet is compared unless a Deployment gives it', () => {
  const of = (replicas: number, ownerReferences?: object[]): KubeObject =>
    ({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: 'web-1', ...(ownerReferences ? { ownerReferences } : {}) },
      spec: { replicas },
    }) as KubeObject;
  const owner = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'u', controller: true }];
  expect(normalise(of(1, owner))).toEqual(normalise(of(2, owner)));
  expect(normalise(of(1))).not.toEqual(normalise(of(2)));
});

describe('documents with hostile keys and numbers', () => {
  it('come back exactly when a change is taken back', () => {
    fc.assert(
      fc.property(document, document, (before, after) => {
        const { value, conflicts } = takeBack(before, after, after);
        expect(conflicts).toEqual([]);
        if (!sameJson(before, after)) expect(exactly(value!)).toBe(exactly(before));
      }),
    );
  });

  it('come back exactly through a guarded patch, but for numbers that the server stores as the same', () => {
    fc.assert(
      fc.property(document, document, (live, target) => {
        const patched = apply(live, guardedPatch(live, target));
        expect(canonicalJson(parseJson(patched))).toBe(canonicalJson(target));
      }),
    );
  });

  it('keep what others added beside our change', () => {
    fc.assert(
      fc.property(document, document, hostileText, (before, after, theirs) => {
        const live = cloneJson(after) as { [key: string]: Json };
        live.theirs = parseJson(theirs);
        const { value, conflicts } = takeBack(before, after, live);
        expect(conflicts).toEqual([]);
        const back = value as { [key: string]: Json };
        expect(exactly(back.theirs!)).toBe(exactly(parseJson(theirs)));
        delete back.theirs;
        expect(canonicalJson(back)).toBe(canonicalJson(before));
      }),
    );
  });

  it('differ where their canonical texts differ, and each difference is found at its path', () => {
    fc.assert(
      fc.property(document, document, (a, b) => {
        const changes = difference(a, b);
        expect(changes.length === 0).toBe(canonicalJson(a) === canonicalJson(b));
        expect(sameJson(a, b)).toBe(changes.length === 0);
        for (const { path, before, after } of changes) {
          expect(typeof pointer(path, a, b)).toBe('string');
          if (before !== undefined) expect(sameJson(valueAt(a, path), before)).toBe(true);
          if (after !== undefined) expect(sameJson(valueAt(b, path), after)).toBe(true);
        }
      }),
    );
  });

  it('keep their numbers in the normal form, in the body of a re-creation and in what is attributed to us', () => {
    fc.assert(
      fc.property(document, document, document, (data, change, theirs) => {
        const object = (version: string, fields: Record<string, Json>) =>
          ({
            apiVersion: 'x.test/v1',
            kind: 'Thing',
            metadata: { name: 'a', uid: 'u', resourceVersion: version, managedFields: [] },
            ...fields,
          }) as unknown as KubeObject;
        const before = object('1', { data });
        const predicted = object('2', { data: change });
        expect(exactly((normalise(before) as { data: Json }).data)).toBe(exactly(data));
        expect(exactly(recreationBody(before).data)).toBe(exactly(data));
        const intent = {
          method: 'PUT',
          subresource: '',
          contentType: 'application/json',
          query: '',
          before,
          predicted,
        };
        const found = attribute(intent as unknown as IntentRecord, object('3', { data: change, theirs }), 'stratus');
        if (sameJson(data, change)) return;
        expect(found.outcome).toBe('done');
        if (found.outcome !== 'done') return;
        expect(exactly(found.after!.data)).toBe(exactly(change));
        const merged = takeBack(
          normalise(before),
          normalise(found.after!),
          normalise(object('3', { data: change, theirs })),
        );
        expect(merged.conflicts).toEqual([]);
        const back = merged.value as { data: Json; theirs?: Json };
        expect(exactly(back.data)).toBe(exactly(data));
        expect(exactly(back.theirs ?? {})).toBe(exactly(theirs));
      }),
    );
  });

  it('may be as deep as they are read', () => {
    const deep = (inner: string) => `${'{"a":['.repeat(MAX_DEPTH / 2)}${inner}${']}'.repeat(MAX_DEPTH / 2)}`;
    const [before, after] = [parseJson(deep('1')), parseJson(deep('9007199254740993'))];
    expect(difference(before, after)).toHaveLength(1);
    expect(exactly(takeBack(before, after, after).value!)).toBe(exactly(before));
    expect(guardedPatch(after, before)).toHaveLength(2);
    expect(canonicalJson(after)).toBe(deep('9007199254740993'));
  });
});

it('an integer beyond 2^53 differs from its neighbour, and 1.0 does not differ from 1', () => {
  const [a, b] = ['{"n":9007199254740993,"f":1.0}', '{"n":9007199254740992,"f":1}'].map((text) => parseJson(text));
  expect(difference(a, b).map(({ path }) => path)).toEqual([['n']]);
});

it('lists are matched by keys that no JavaScript number can tell apart', () => {
  const ports = (...numbers: string[]) =>
    parseJson(`{"ports":[${numbers.map((n) => `{"port":${n},"protocol":"TCP","x":1}`).join(',')}]}`);
  const [before, after] = [ports('9007199254740992', '9007199254740993'), ports('9007199254740993')];
  expect(exactly(takeBack(before, after, after).value!)).toBe(exactly(before));
});
