import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readRecord, type InstanceRecord } from '../testbed/instance-record.ts';
import { downCluster, readInstance, upCluster, type Instance, type NodeKind } from '../testbed/instance.ts';
import { stateFolder } from '../testbed/paths.ts';
import { isRunning, processesWithMark } from '../testbed/processes.ts';
import { silentReport } from '../testbed/report.ts';
import { mustRun } from '../testbed/run-command.ts';
import { slotNetwork } from '../testbed/slots.ts';
import { isPortFree, mountsBelow } from '../testbed/teardown.ts';

/** A real node needs root; everything else is tried as whoever runs the tests. */
const kinds: NodeKind[] = process.getuid?.() === 0 ? ['simulated', 'real'] : ['simulated'];

describe.each(kinds)('life of an instance with %s nodes', (nodes) => {
  const name = `life-${nodes}`;
  let home: string;

  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'stratus-testbed-'));
    vi.stubEnv('STRATUS_TESTBED_HOME', home);
  });
  afterAll(async () => {
    await downCluster(name, silentReport);
    await downCluster('second', silentReport);
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true, force: true });
  });

  const up = () => upCluster({ name, nodes }, silentReport);
  const kubectl = (instance: Instance, ...args: string[]) =>
    mustRun([instance.kubectl, '--kubeconfig', instance.kubeconfig, ...args]);
  const record = () => readRecord(stateFolder(name))!;

  it('comes up with Ready nodes, a default StorageClass, an audit log and kubectl', async () => {
    const instance = await up();
    expect(instance.healthy).toBe(true);
    expect(instance.nodes).toBe(nodes);
    expect(readInstance(name)).toEqual(instance);
    const conditions = '{range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{end}';
    expect(await kubectl(instance, 'get', 'nodes', '-o', `jsonpath=${conditions}`)).toMatch(/^(True)+$/);
    const classes = '{.items[*].metadata.name} {.items[*].provisioner}';
    expect(await kubectl(instance, 'get', 'sc', '-o', `jsonpath=${classes}`)).toBe('local-path rancher.io/local-path');
    expect(await kubectl(instance, 'config', 'current-context')).toBe(`stratus-testbed-${name}\n`);
    await kubectl(instance, 'create', 'configmap', 'seen-by-audit');
    const events = readFileSync(instance.auditLog, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const creation = events.find(
      (event) => event.objectRef?.name === 'seen-by-audit' || /fieldManager=kubectl-create/.test(event.requestURI),
    );
    expect(creation).toMatchObject({ verb: 'create', level: 'Metadata', user: { username: 'testbed-admin' } });
  });

  it('binds a claim of a pod that runs', async () => {
    const instance = readInstance(name)!;
    const manifests = [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
      },
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'writer' },
        spec: {
          containers: [
            {
              name: 'writer',
              image: 'testbed.local/busybox:1',
              args: ['-c', 'echo written > /data/file; cat /data/file; exec sleep 3600'],
              volumeMounts: [{ name: 'data', mountPath: '/data' }],
            },
          ],
          volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
        },
      },
    ];
    await mustRun([instance.kubectl, '--kubeconfig', instance.kubeconfig, 'create', '-f', '-'], {
      input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests }),
    });
    await kubectl(instance, 'wait', '--for=condition=Ready', 'pod/writer', '--timeout=50s');
    expect(await kubectl(instance, 'get', 'pvc', 'data', '-o', 'jsonpath={.status.phase}')).toBe('Bound');
    if (nodes === 'real') expect(await kubectl(instance, 'logs', 'writer')).toBe('written\n');
  });

  it('returns the running instance when started again, and refuses another shape', async () => {
    const before = record().id;
    await up();
    expect(record().id).toBe(before);
    await expect(upCluster({ name, nodes, simulatedNodes: 7 }, silentReport)).rejects.toThrow(/already runs/);
  });

  it('runs a second instance beside it', async () => {
    const second = await upCluster({ name: 'second', nodes: 'simulated' }, silentReport);
    expect(second.apiServerUrl).not.toBe(readInstance(name)!.apiServerUrl);
    expect(second.network.slot).not.toBe(readInstance(name)!.network.slot);
    const left = readRecord(stateFolder('second'))!;
    await downCluster('second', silentReport);
    await expectNothingLeft('second', left);
    expect(readInstance(name)?.healthy).toBe(true);
  });

  it('is replaced by a fresh one after one of its processes was killed', async () => {
    const before = record();
    process.kill(readInstance(name)!.pids['kube-apiserver']!, 'SIGKILL');
    await expect.poll(() => readInstance(name)?.healthy).toBe(false);
    const instance = await up();
    expect(record().id).not.toBe(before.id);
    expect(before.processes.some(isRunning)).toBe(false);
    expect(processesWithMark(before.id)).toEqual([]);
    await kubectl(instance, 'get', '--raw', '/readyz');
    await downCluster(name, silentReport);
    await expectNothingLeft(name, before);
  });

  it('is cleaned up after its launcher was killed in the middle of a start', async () => {
    const launcher = spawn(
      process.execPath,
      [join(import.meta.dirname, '../testbed/cli.ts'), 'up', '--no-app', '--name', name, '--nodes', nodes],
      { stdio: 'ignore', env: process.env },
    );
    const started = () => readRecord(stateFolder(name))?.processes.some((entry) => entry.name === 'kube-apiserver');
    await expect.poll(started, { timeout: 60_000, interval: 5 }).toBe(true);
    launcher.kill('SIGKILL');
    const broken = record();
    expect(broken.phase).toBe('starting');
    expect(readInstance(name)).toBeUndefined();
    const instance = await up();
    expect(processesWithMark(broken.id)).toEqual([]);
    await kubectl(instance, 'get', '--raw', '/readyz');
  });

  it('leaves nothing behind, and can be stopped twice', async () => {
    const last = record();
    expect(await downCluster(name, silentReport)).toBe(true);
    await expectNothingLeft(name, last);
    expect(await downCluster(name, silentReport)).toBe(false);
    expect(readInstance(name)).toBeUndefined();
  });
});

async function expectNothingLeft(name: string, record: InstanceRecord): Promise<void> {
  const network = slotNetwork(record.slot);
  expect(record.processes.filter(isRunning)).toEqual([]);
  expect(processesWithMark(record.id)).toEqual([]);
  expect(existsSync(stateFolder(name))).toBe(false);
  expect(mountsBelow(stateFolder(name))).toEqual([]);
  for (const port of [record.ports.etcdClient, record.ports.etcdPeer]) expect(await isPortFree(port)).toBe(true);
  expect(cgroupsNamed(name)).toEqual([]);
  if (record.nodes === 'simulated') return;
  expect(Object.keys(networkInterfaces())).not.toContain(network.vethName);
  expect(readFileSync('/proc/net/route', 'utf8')).not.toContain(network.vethName);
}

/** Folders of an instance's control group in any hierarchy. */
function cgroupsNamed(name: string): string[] {
  const roots = ['/sys/fs/cgroup', ...readdirSync('/sys/fs/cgroup').map((entry) => `/sys/fs/cgroup/${entry}`)];
  return roots.map((root) => join(root, `stratus-testbed-${name}`)).filter((path) => existsSync(path));
}
