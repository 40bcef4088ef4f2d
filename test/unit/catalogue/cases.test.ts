import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ActionCandidate, CauseCandidate } from '../../../src/agents/candidates/candidate.ts';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { Case } from '../../bench/models/case.ts';
import type { Truth } from '../../catalogue/truth/truth.ts';
import { readCases, readsOf, writeCase } from '../../bench/models/case.ts';
import { choiceRow, planVerdict, shuffled } from '../../bench/models/choice-row.ts';
import { rawText } from '../../bench/models/raw-text.ts';

const object = (kind: string, name: string, namespace?: string): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, ...(namespace ? { namespace } : {}), managedFields: [{ manager: 'somebody' }] },
  spec: { ports: [{ port: 80, targetPort: 9999 }] },
});
const PORT = '.spec.ports[0].targetPort';
const KEY = 'Service/bakery/iris';
const healthy = { ...object('Service', 'iris', 'bakery'), spec: { ports: [{ port: 80, targetPort: 8080 }] } };
const ref = { apiVersion: 'v1', kind: 'Service', namespace: 'bakery', name: 'iris' };
const patch = (value: number) => ({
  type: 'json-patch' as const,
  object: ref,
  ops: [{ op: 'replace' as const, path: '/spec/ports/0/targetPort', value }],
});

const CASE: Omit<Case, 'version'> = {
  ...{ entry: 'network:target-port-1', family: 'network', seed: 3, commit: 'abc', machine: 'one', at: '2026-11-30' },
  target: { context: 'c', server: '', fingerprint: '', namespace: 'bakery' },
  check: 'entry=svc://bakery/iris:80/',
  snapshot: {
    takenAt: '2026-11-30T10:00:00Z',
    namespaces: ['bakery'],
    objects: {
      Service: [object('Service', 'iris', 'bakery')],
      Namespace: [object('Namespace', 'bakery'), object('Namespace', 'library')],
      Node: [object('Node', 'node1')],
      Event: [
        {
          ...object('Event', 'e1', 'bakery'),
          ...{ type: 'Warning', reason: 'BackOff', message: 'restarting', lastTimestamp: '10:00' },
          involvedObject: { kind: 'Pod', name: 'iris-1' },
        },
      ],
    },
    unreadable: {},
  },
  severity: { known: true, items: [] },
  actions: [],
  diagnosis: {
    findings: [
      {
        ...{ id: 'f1', rule: 'r', severity: 'critical', object: ref, message: 'targetPort 9999 of Service iris' },
        ...{ evidence: [], fixes: [] },
      },
    ],
    hypotheses: [],
  },
  proposal: {
    type: 'plan',
    alternatives: [],
    plan: {
      ...{ hash: 'h', title: 't', findingId: 'f1', files: [], expects: '' },
      steps: [{ type: 'kubectl', argv: ['patch'], why: '', change: patch(8080) }],
    },
  },
  logs: [{ namespace: 'bakery', pod: 'iris-1', container: 'main', previous: true, lines: ['one', 'two'] }],
  lists: { 'v1/Pod/kube-system': [object('Pod', 'coredns', 'kube-system')] },
  objects: { 'v1/ConfigMap/kube-system/none': null },
  truth: {
    ...{ what: '', mayChange: ['Service/iris'], mayCreate: [], allows: [], revisions: [] },
    causes: [{ names: ['Service', 'iris', '9999'], word: 'port', flags: 'i' }],
    injected: [{ key: KEY, how: 'changed', fields: [{ path: PORT, before: 8080, after: 9999 }] }],
    repaired: [{ key: KEY, how: 'changed', fields: [{ path: PORT, before: 9999, after: 8080 }] }],
    ...{ base: { [KEY]: healthy }, healed: { [KEY]: healthy }, faulty: { [KEY]: object('Service', 'iris', 'bakery') } },
  } as unknown as Truth,
};
const WHOLE = { version: 1, ...CASE } as Case;

describe('recorded incidents', () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'cases-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are read as they were written, one file each', () => {
    writeCase(folder, CASE);
    expect(readdirSync(folder)).toEqual(['network_target-port-1-3.json.gz']);
    expect(readCases(folder)).toEqual([JSON.parse(JSON.stringify(WHOLE))]);
  });

  it('are missed by name, and refused when another version wrote them', () => {
    expect(() => readCases(folder)).toThrow(/no case in .*record-cases/);
    writeFileSync(join(folder, 'old-1.json.gz'), gzipSync('{"version":0}'));
    expect(() => readCases(folder)).toThrow('old-1.json.gz is of version 0, not 1: record it anew');
  });

  it('answer reads with what was recorded, then with the snapshot, and with nothing where neither has it', async () => {
    const reads = readsOf(WHOLE);
    expect(await reads.readLog('bakery', 'iris-1', 'main', true)).toEqual(['one', 'two']);
    expect(await reads.readLog('bakery', 'iris-1', 'main', false)).toEqual([]);
    expect(await reads.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'kube-system', name: 'none' })).toBeNull();
    expect((await reads.get(ref))?.metadata.name).toBe('iris');
    expect(await reads.list({ apiVersion: 'v1', kind: 'Pod' }, 'kube-system')).toHaveLength(1);
    expect(await reads.list({ apiVersion: 'v1', kind: 'Service' }, 'bakery')).toHaveLength(1);
    expect(await reads.list({ apiVersion: 'v1', kind: 'Service' }, 'library')).toEqual([]);
  });

  it('are told raw with objects, events and logs, but not with managed fields or other namespaces', () => {
    const text = rawText(WHOLE, true);
    expect(text).toContain('targetPort: 9999');
    expect(text).toContain('10:00   Warning   BackOff   Pod/iris-1   restarting');
    expect(text).toContain('logs of iris-1 main, before\none\ntwo');
    expect(text).toContain('name: node1');
    expect(text).not.toMatch(/managedFields|library/);
    expect(rawText(WHOLE, false)).not.toContain('node1');
  });
});

describe('a choice among candidates', () => {
  const cause = (id: string, text: string): CauseCandidate => ({ id, object: ref, text, evidence: [], score: 1 });
  const action = (id: string, value: number): ActionCandidate => ({
    ...{ id, object: ref, changes: [patch(value)], files: [], text: '', origin: 'earlier', causes: [], score: 1 },
    expects: '',
  });
  const candidates = {
    causes: [cause('H1', 'no endpoints'), cause('H2', 'port 9999 is none of its pods')],
    actions: [action('A1', 80), action('A2', 8080), action('A3', 8081), action('A4', 9999)],
  };
  const asked = { tokensIn: 1, tokensOut: 1, seconds: 1, problem: '' };
  const judged = (ranked: Parameters<typeof choiceRow>[2]) =>
    choiceRow(WHOLE, { model: 'tiny', playbooks: true, candidates }, ranked);

  it('is right where the catalogue says so, beside the list, the playbooks and a blind choice', () => {
    const row = judged({ cause: 'H2', action: 'A3', asked });
    expect(row).toMatchObject({ causes: 2, actions: 4, causePresent: true, actionPresent: true, nearPresent: true });
    expect(row.cause).toEqual({ model: 1, playbook: 1, first: 0, blind: 0.5 });
    expect(row.action).toEqual({ model: 0, playbook: 1, first: 0, blind: 0.25 });
    expect(row.near).toEqual({ model: 1, playbook: 1, first: 1, blind: 0.75 });
  });

  it('is not right where nothing was chosen, and none where nobody was asked', () => {
    expect(judged({ cause: null, action: 'A9', asked }).action.model).toBe(0);
    expect(judged(null).cause.model).toBeNull();
  });

  it('takes the plan of the playbooks by its changes', () => {
    expect(planVerdict(WHOLE)).toBe('restores');
    expect(planVerdict({ ...WHOLE, proposal: { type: 'exhausted', reason: '' } })).toBeNull();
  });

  it('is offered in another order, with ids that tell nothing of the old one', () => {
    const listed = Array.from({ length: 9 }, (_, index) => ({ id: `A${index + 1}`, text: `action ${index + 1}` }));
    const offered = shuffled(listed, 'causes', 1);
    expect(offered.map(({ id }) => id)).toEqual(listed.map(({ id }) => id));
    expect(offered.map(({ of }) => of)).not.toEqual(listed.map(({ id }) => id));
    expect(offered.map(({ of }) => of).sort()).toEqual(listed.map(({ id }) => id));
    for (const { text, of } of offered) expect(text).toBe(`action ${of.slice(1)}`);
  });
});
