import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { connect } from '../src/cluster/connect/cluster-connection.ts';
import { loadKubeconfig } from '../src/cluster/connect/kubeconfig.ts';
import { SystemClock } from '../src/cluster/connect/system-clock.ts';
import { SnapshotReader } from '../src/cluster/read/snapshot.ts';
import { Monitor } from '../src/gateway/monitor/monitor.ts';
import { KubeApi } from '../src/gateway/wire/kube-api.ts';
import { RULE_KINDS } from '../src/agents/playbooks/analyzers.ts';
import { ORACLE_KINDS } from '../src/severity/health-oracle.ts';
import { Api } from '../test/judge/api.ts';
import { deployApp, nodeProgram, removeNamespace } from '../test/judge/deploy-app.ts';
import { untilEntryFails } from '../test/judge/entry.ts';
import { chooseFault } from '../test/judge/faults/catalogue.ts';
import { generateApp } from '../test/judge/generate.ts';
import { downCluster, upCluster } from '../test/testbed/instance.ts';
import { silentReport } from '../test/testbed/report.ts';

/**
 * `npm run record-snapshots -- FIRST LAST`: snapshots of generated applications on a real node, healthy and broken, as
 * the product reads them, into test/fixtures/snapshots. What oracles and rules say of them is compared by a unit test.
 */
const folder = join(import.meta.dirname, '..', 'test', 'fixtures', 'snapshots');
const [first = 1, last = 30] = process.argv.slice(2).map(Number);
const say = (text: string) => void process.stderr.write(`${text}\n`);

const instance = await upCluster({ name: 'snapshots', nodes: 'real' }, silentReport);
try {
  mkdirSync(folder, { recursive: true });
  const api = new Api(instance.kubeconfig);
  const program = await nodeProgram(silentReport);
  const clock = new SystemClock();
  const kubeconfig = await loadKubeconfig({ kubeconfig: instance.kubeconfig });
  const record = async (name: string, namespace: string) => {
    const target = await kubeconfig.target(instance.context, namespace);
    const connection = await connect(kubeconfig, target, { clock, environment: process.env });
    const reader = new SnapshotReader(new KubeApi(new Monitor(connection, 'read')), [namespace], clock, [
      ...ORACLE_KINDS,
      ...RULE_KINDS,
    ]);
    const snapshot = await reader.snapshot(new AbortController().signal);
    await connection.close();
    writeFileSync(join(folder, `${name}.json.gz`), gzipSync(JSON.stringify(snapshot), { level: 9 }));
  };
  for (let seed = first; seed <= last; seed++) {
    const app = generateApp(seed);
    const fault = chooseFault(app);
    try {
      await deployApp(api, instance, app, program);
      if (seed % 6 === 1) await record(`seed-${seed}-healthy`, app.namespace);
      await fault.inject(api);
      await fault.untilVisible(api);
      await untilEntryFails(api, app, 45_000);
      await record(`seed-${seed}-${fault.fault}`, app.namespace);
      say(`seed ${seed}: ${fault.fault}`);
    } catch (error) {
      say(`seed ${seed}: left out: ${(error as Error).message}`);
    } finally {
      await removeNamespace(api, app.namespace);
      await fault.cleanUp(api);
    }
  }
  api.close();
} finally {
  await downCluster(instance.name, silentReport);
}
say(`${readdirSync(folder).length} snapshots`);
