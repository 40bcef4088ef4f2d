import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { deployShop } from '../testbed/app/deploy.ts';
import { Kubectl, type KubeObject } from '../testbed/app/kubectl.ts';
import { SEARCH_AUTOSCALER, SETTINGS } from '../testbed/app/observed.ts';
import { SHOP_NAMESPACE } from '../testbed/app/topology.ts';
import { areBuilt, TELEMETRY } from '../testbed/build.ts';
import { healFault, injectFault } from '../testbed/faults/catalog.ts';
import { readRecord } from '../testbed/instance-record.ts';
import { downCluster, readInstance, upCluster, type Instance } from '../testbed/instance.ts';
import { stateFolder } from '../testbed/paths.ts';
import { isRunning, processesWithMark } from '../testbed/processes.ts';
import { silentReport } from '../testbed/report.ts';
import { measure } from '../testbed/telemetry/ask-prometheus.ts';

/** Building takes more than ten minutes; that is the soak's to do. */
const built = areBuilt(TELEMETRY);
if (!built)
  process.stderr.write('some servers of telemetry are not built here: npm run soak -- telemetry builds them\n');
const asRoot = process.getuid?.() === 0;

describe.runIf(asRoot)('servers of telemetry', () => {
  const name = 'telemetry';
  let home: string;
  let instance: Instance;
  let kubectl: Kubectl;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'stratus-testbed-'));
    vi.stubEnv('STRATUS_TESTBED_HOME', home);
    instance = await upCluster({ name, nodes: 'real', telemetry: built ? 'all' : 'metrics' }, silentReport);
    kubectl = new Kubectl(instance);
    await deployShop(instance, silentReport);
  });
  afterAll(async () => {
    await downCluster(name, silentReport);
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true, force: true });
  });

  const ask = async (url: string) => (await fetch(url)).json();
  const soon = { timeout: 120_000, interval: 500 };
  const instant = (query: string) => measure(instance.telemetry!.prometheus, query);

  it('are part of the shape of an instance', async () => {
    expect((await upCluster({ name }, silentReport)).telemetry).toEqual(instance.telemetry);
    expect((await upCluster({ name, telemetry: 'metrics' }, silentReport)).telemetry).toEqual(instance.telemetry);
    expect(readInstance(name)?.telemetry).toEqual(instance.telemetry);
    if (!built) {
      await expect(upCluster({ name, telemetry: 'all' }, silentReport)).rejects.toThrow(/without what of telemetry/);
    }
  });

  it('scrape every job there is to scrape', async () => {
    const jobs = [
      'prometheus',
      'alertmanager',
      'node-exporter',
      'blackbox-exporter',
      'kubernetes-apiservers',
      'kubelet',
    ];
    jobs.push('cadvisor', 'kubernetes-pods', 'probes');
    if (built) {
      jobs.push('kube-state-metrics', 'metrics-server', 'span-metrics', 'otel-collector', 'jaeger', 'victoria-logs');
      jobs.push('ebpf-exporter');
    }
    const up = async () => {
      const all = await instant('min by (job) (up)');
      return Object.fromEntries(all.map(({ labels, value }) => [labels['job'], value]));
    };
    await expect.poll(up, soon).toEqual(Object.fromEntries(jobs.map((job) => [job, 1])));
    const pods = async () => (await instant('count(up{job="kubernetes-pods"})')).map(({ value }) => value);
    const { items } = (await kubectl.get(`/api/v1/namespaces/${SHOP_NAMESPACE}/pods`)) as KubeObject & {
      items: KubeObject[];
    };
    const scraped = items.filter(({ metadata }) => metadata.annotations?.['prometheus.io/scrape'] === 'true');
    await expect.poll(pods, soon).toEqual([scraped.length]);
  });

  it('are reached by their Services', async () => {
    const paths = ['prometheus:9090/proxy/-/ready', 'alertmanager:9093/proxy/-/ready'];
    if (built) paths.push('jaeger-query:16686/proxy/api/services', 'victoria-logs:9428/proxy/health');
    for (const path of paths) await kubectl.run(['get', '--raw', `/api/v1/namespaces/monitoring/services/${path}`]);
  });

  it('tell of a fault that no object shows, by an alert that ends with it', async () => {
    const alerts = async () => {
      const all = (await ask(`${instance.telemetry!.alertmanager}/api/v2/alerts`)) as {
        labels: Record<string, string>;
      }[];
      return all.filter(({ labels }) => labels['alertname'] === 'ProbeFailing').map(({ labels }) => labels['service']);
    };
    await expect.poll(() => instant('min(probe_success)').then(([one]) => one?.value), soon).toBe(1);
    expect(await alerts()).toEqual([]);
    await injectFault(instance, 'wrong-answer');
    await expect.poll(alerts, soon).toEqual(['frontend']);
    const { items } = (await kubectl.get(`/api/v1/namespaces/${SHOP_NAMESPACE}/pods`)) as KubeObject & {
      items: KubeObject[];
    };
    for (const { status } of items) expect(status.containerStatuses).toMatchObject([{ ready: true }]);
    await healFault(instance, 'wrong-answer');
    await expect.poll(alerts, soon).toEqual([]);
  });

  it.runIf(built)('find a trace through several services, and the metrics of its spans', async () => {
    const { jaeger } = instance.telemetry!;
    const services = async () => {
      const found = (await ask(`${jaeger}/api/traces?service=frontend&limit=5`)) as {
        data: { processes: Record<string, { serviceName: string; tags: { key: string; value: string }[] }> }[];
      };
      return found.data.map(({ processes }) =>
        Object.values(processes)
          .map(({ serviceName }) => serviceName)
          .sort(),
      );
    };
    await expect.poll(services, soon).toContainEqual(['frontend', 'geo', 'profile', 'rate', 'search']);
    const query = 'sum by (service_name) (traces_span_metrics_calls_total{span_kind="SPAN_KIND_SERVER"}) > 0';
    const counted = async () => (await instant(query)).map(({ labels }) => labels['service_name']);
    await expect.poll(counted, soon).toEqual(expect.arrayContaining(['frontend', 'geo', 'rate', 'search']));
  });

  it.runIf(built)('find a line of a log by namespace, pod and text', async () => {
    const query = `kubernetes.pod_namespace:="${SHOP_NAMESPACE}" AND kubernetes.container_name:="geo" AND "listening"`;
    const lines = async () => {
      const url = `${instance.telemetry!.logs}/select/logsql/query?${new URLSearchParams({ query, limit: '5' }).toString()}`;
      const text = await (await fetch(url)).text();
      return text
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, string>);
    };
    await expect.poll(lines, soon).not.toEqual([]);
    expect((await lines())[0]).toMatchObject({ stream: 'stdout', level: 'info', 'kubernetes.container_name': 'geo' });
  });

  it.runIf(built)('count what the kernel does, where it lets them', async () => {
    const hooks = await instant('kernel_hook_attached');
    expect(hooks).toHaveLength(4);
    if (!hooks.some(({ labels, value }) => labels['hook'] === 'sched_process_exit' && value === 1)) return;
    const killed = async () => (await instant('kernel_process_exits_total{signal="9"}'))[0]?.value ?? 0;
    const before = await killed();
    const child = spawn('sleep', ['600']);
    child.kill('SIGKILL');
    await expect.poll(killed, soon).toBeGreaterThan(before);
  });

  it.runIf(built)('let an autoscaler add pods under load', async () => {
    const top = await kubectl.run(['top', 'pods', '--namespace', SHOP_NAMESPACE, '--no-headers']);
    expect(top).toMatch(/^search-\S+\s+\d+m\s+\d+Mi/m);
    const patch = JSON.stringify({ data: { 'requests-per-second': '40' } });
    await kubectl.run([
      'patch',
      'configmap',
      SETTINGS,
      '--namespace',
      SHOP_NAMESPACE,
      '--type',
      'merge',
      '--patch',
      patch,
    ]);
    const path = `/apis/autoscaling/v2/namespaces/${SHOP_NAMESPACE}/horizontalpodautoscalers/search`;
    const replicas = async () => (await kubectl.get(path)).status.currentReplicas as number;
    await expect.poll(replicas, { timeout: 180_000, interval: 500 }).toBeGreaterThan(SEARCH_AUTOSCALER.min);
  });

  it('leave nothing behind', async () => {
    const record = readRecord(stateFolder(name))!;
    await downCluster(name, silentReport);
    expect(record.processes.filter(isRunning)).toEqual([]);
    expect(processesWithMark(record.id)).toEqual([]);
  });
});
