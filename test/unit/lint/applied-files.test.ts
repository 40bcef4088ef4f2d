import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../../../src/lint/analyze.ts';
import type { ReadNearby } from '../../../src/lint/applied-files.ts';
import { LintMemory } from '../../../src/lint/lint-memory.ts';
import { DEFAULT_CONFIG } from '../../../src/lint/config.ts';
import { nearbyFiles } from '../../../src/lint/nearby-files.ts';

const NAMESPACE = 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n';
const LIST = JSON.stringify({
  apiVersion: 'v1',
  kind: 'List',
  items: [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } },
    { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'disk' } },
  ],
});
const PRIVILEGED = `apiVersion: v1
kind: Pod
metadata:
  name: p
spec:
  containers:
    - name: c
      securityContext:
        privileged: true
`;
const FILES: Record<string, string> = {
  'ns.yaml': NAMESPACE,
  'list.json': LIST,
  'twice.yaml': 'apiVersion: v1\nkind: ConfigMap\n"k\\u0069nd": Namespace\nmetadata:\n  name: x\n',
  'chart/pod.yaml': `---\n${NAMESPACE}---\n${PRIVILEGED}`,
  'excused.yaml': `# stratus: disable-file privileged-container -- a test\n${PRIVILEGED}`,
  'system.yaml':
    'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\nroleRef: {name: cluster-admin}\n',
};

function lint(script: string, files = FILES) {
  return analyze(script, 'shellscript', DEFAULT_CONFIG, undefined, ({ path }) =>
    files[path] === undefined ? [] : [{ path, text: files[path] }],
  ).map((finding) => [
    finding.rule,
    finding.severity,
    script.slice(finding.start, finding.end),
    finding.message.split(':').slice(0, 2).join(':'),
  ]);
}

describe('manifests that a script names', () => {
  it('says on the script’s line what deleting them removes', () => {
    expect(lint('kubectl delete -f ns.yaml')).toEqual([['delete-protected-kind', 'warning', 'ns.yaml', 'ns.yaml:2']]);
    expect(lint('kubectl delete --filename=list.json')).toEqual([
      ['delete-protected-kind', 'warning', '--filename=list.json', 'list.json:1'],
    ]);
    expect(lint('kubectl delete -f twice.yaml')).toEqual([
      ['delete-protected-kind', 'warning', 'twice.yaml', 'twice.yaml:3'],
    ]);
  });

  it('says what applying them brings, with the file and line', () => {
    expect(lint('cd /x\nkubectl apply -n a -f chart/pod.yaml,ns.yaml')).toEqual([
      ['privileged-container', 'warning', 'chart/pod.yaml,ns.yaml', 'chart/pod.yaml:15'],
    ]);
    expect(lint('kubectl create -f system.yaml')).toEqual([
      ['cluster-admin-binding', 'warning', 'system.yaml', 'system.yaml:4'],
    ]);
  });

  it('raises the severity where the command names a protected namespace', () => {
    expect(lint('kubectl apply -n kube-system -f chart/pod.yaml')).toEqual([
      ['privileged-container', 'error', 'chart/pod.yaml', 'chart/pod.yaml:15'],
    ]);
  });

  it('obeys the comments in the manifest', () => {
    expect(lint('kubectl apply -f excused.yaml')).toEqual([]);
  });

  it.each([
    'kubectl apply -f missing.yaml',
    'kubectl apply --dry-run=server -f chart/pod.yaml',
    'kubectl delete -f ns.yaml --help',
    'kubectl diff -f chart/pod.yaml',
    'kubectl apply -f "$DIR/pod.yaml"',
    'kubectl apply -f /chart/pod.yaml',
    'kubectl apply -f "chart/*.yaml"',
    'kubectl get -f ns.yaml',
  ])('is silent about %s', (script) => {
    expect(lint(script)).toEqual([]);
  });

  it('opens at most twenty files of a document', () => {
    let opened = 0;
    analyze('kubectl apply -f a.yaml\n'.repeat(100), 'shellscript', DEFAULT_CONFIG, undefined, () => {
      opened++;
      return [];
    });
    expect(opened).toBe(20);
  });

  it('looks at a changed file again though the script is remembered', () => {
    const script = `${'# a comment that fills the script\n'.repeat(100)}kubectl apply -f a.yaml\n`;
    const memory = new LintMemory();
    const rules = (text: string) =>
      analyze(script, 'shellscript', DEFAULT_CONFIG, memory, () => [{ path: 'a.yaml', text }]).map(({ rule }) => rule);
    expect(rules(PRIVILEGED)).toEqual(['privileged-container']);
    expect(rules(NAMESPACE)).toEqual([]);
    expect(rules(PRIVILEGED)).toEqual(['privileged-container']);
  });
});

describe('opening files near a script', () => {
  let root: string;
  let outside: string;
  beforeAll(() => {
    outside = mkdtempSync(join(tmpdir(), 'stratus-nearby-'));
    root = join(outside, 'workspace');
    mkdirSync(join(root, 'scripts'), { recursive: true });
    writeFileSync(join(outside, 'secret.yaml'), NAMESPACE);
    writeFileSync(join(root, 'a.yaml'), 'root');
    writeFileSync(join(root, 'scripts', 'a.yaml'), 'beside');
    writeFileSync(join(root, 'scripts', 'b.yaml'), 'b');
    writeFileSync(join(root, 'large.yaml'), '#'.repeat(300_000));
    writeFileSync(join(root, 'binary.yaml'), Buffer.from([0, 1, 2]));
    symlinkSync(join(outside, 'secret.yaml'), join(root, 'link.yaml'));
    symlinkSync('loop.yaml', join(root, 'loop.yaml'));
    for (const folder of ['tree/inner', 'overlay', 'circle']) mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, 'tree', 'top.yaml'), 'top');
    writeFileSync(join(root, 'tree', 'inner', 'deep.yaml'), 'deep');
    writeFileSync(join(root, 'tree', 'inner', 'kustomization.yaml'), 'resources: [deep.yaml, ../../../outside]');
    writeFileSync(
      join(root, 'overlay', 'kustomization.yaml'),
      'resources: [../tree/top.yaml, https://example.test/x.yaml]\nbases: [../tree/inner]',
    );
    writeFileSync(join(root, 'circle', 'kustomization.yaml'), 'resources: [../circle, .]');
  });
  afterAll(() => rmSync(outside, { recursive: true, force: true }));

  const texts = (path: string, more: Partial<Parameters<ReadNearby>[0]> = {}) =>
    nearbyFiles(
      root,
      join(root, 'scripts'),
    )({ path, recursive: false, kustomization: false, ...more }).map(({ text }) => text);

  it('takes the workspace folder before the script’s own', () => {
    expect(['a.yaml', 'b.yaml', './scripts/../a.yaml'].map((path) => texts(path).join())).toEqual([
      'root',
      'b',
      'root',
    ]);
  });

  it('opens nothing outside the root, nothing large, binary, circular or missing', () => {
    const names = ['../secret.yaml', 'link.yaml', 'large.yaml', 'binary.yaml', 'loop.yaml', 'none.yaml'];
    expect(names.map((path) => texts(path))).toEqual(names.map(() => []));
  });

  it('reads folders as kubectl does, patterns, kustomizations, and files below the folder that a script goes to', () => {
    expect(texts('scripts')).toEqual(['beside', 'b']);
    expect(texts('tree')).toEqual(['top']);
    expect(texts('tree', { recursive: true }).filter((text) => !text.includes('resources'))).toEqual(['deep', 'top']);
    expect(texts('scripts/[ab].yaml')).toEqual(['beside', 'b']);
    expect(texts('deep.yaml', { folder: 'tree/inner' })).toEqual(['deep']);
    expect(texts('overlay', { kustomization: true })).toEqual(['top', 'deep']);
    expect(texts('circle', { kustomization: true })).toEqual([]);
  });
});
