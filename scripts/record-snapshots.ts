import { execFileSync } from 'node:child_process';
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
import { HealthOracle, NodeOracle, ORACLE_KINDS } from '../src/severity/health-oracle.ts';
import { SeverityReader } from '../src/severity/severity-reader.ts';
import { Api } from '../test/judge/api.ts';
import { deployApp, nodeProgram, removeNamespace } from '../test/judge/deploy-app.ts';
import { untilEntryFails } from '../test/judge/entry.ts';
import { chooseFault } from '../test/judge/faults/catalogue.ts';
import { generateApp } from '../test/judge/generate.ts';
import { downCluster, upCluster } from '../test/testbed/instance.ts';
import { silentReport } from '../test/testbed/report.ts';

/**
 * `node scripts/record-snapshots.ts shop | FIRST LAST`: snapshots on a real node as the product reads them, healthy and
 * broken, into test/fixtures/snapshots: of the demo shop with each fault, or of generated applications by their seeds.
 * What oracles and rules say of them is compared by a unit test.
 */
const folder = join(import.meta.dirname, '..', 'test', 'fixtures', 'snapshots');
const shop = process.argv[2] === 'shop';
const [first = 1, last = 30] = shop ? [1, 0] : process.argv.slice(2).map(Number);
const say = (text: string) => void process.stderr.write(`${text}\n`);

const NAME = 'snapshots';
const testbed = (...words: string[]) =>
  execFileSync('npm', ['run', '--silent', 'testbed', '--', ...words, '--name', NAME], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
if (shop) testbed('up');
const instance = await upCluster({ name: NAME, nodes: 'real' }, silentReport);
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
    const severity = new SeverityReader(reader, [new HealthOracle(), new NodeOracle()], clock);
    const { snapshot } = await severity.baseline(new AbortController().signal);
    await connection.close();
    writeFileSync(join(folder, `${name}.json.gz`), gzipSync(JSON.stringify(snapshot), { level: 9 }));
  };
  if (shop) {
    const faults = testbed('faults')
      .toString()
      .split('\n')
      .map((line) => line.split(' ')[0]!)
      .filter(Boolean);
    await record('shop-healthy', 'hotel-reservation');
    for (const fault of faults) {
      testbed('inject', fault);
      await record(`shop-${fault}`, 'hotel-reservation');
      testbed('heal', fault);
      say(`shop: ${fault}`);
    }
  }
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
