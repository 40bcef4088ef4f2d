import { LossWatch } from '../../src/gateway/inventory/loss-watch.ts';
import { MetadataReader } from '../../src/gateway/inventory/metadata-reader.ts';
import { acquireCluster } from '../cluster/cluster-fixture.ts';
import { openGateway } from '../cluster/gateway/gateway-harness.ts';

const PODS = Number(process.env.STRATUS_BENCH_PODS ?? 5_000);
const LOOKS = 5;
const SIDE_BY_SIDE = 16;

const say = (text: string) => void process.stdout.write(`${text}\n`);

/**
 * What it costs to remember a namespace of thousands of pods and to look for losses in it: processor time of this process,
 * and requests. A transaction looks when it begins, before each further command, when it is judged, and once after its undo.
 */
export async function bench(): Promise<void> {
  const cluster = await acquireCluster();
  const gateway = await openGateway(cluster.instance, 'bench');
  try {
    const pods = `/api/v1/namespaces/${gateway.namespace}/pods`;
    const waiting = Array.from({ length: PODS }, (_, index) => index);
    const create = async () => {
      for (let n = waiting.pop(); n !== undefined; n = waiting.pop()) {
        const spec = { containers: [{ name: 'app', image: 'app:1' }] };
        const body = { apiVersion: 'v1', kind: 'Pod', metadata: { name: `pod-${n}` }, spec };
        const answer = await gateway.api.send('POST', pods, { body });
        if (answer.status >= 300) throw new Error(answer.message);
      }
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, create));
    let requests = 0;
    const counted = { send: (...args: Parameters<typeof gateway.api.send>) => (requests++, gateway.api.send(...args)) };
    const watch = new LossWatch(new MetadataReader(counted as typeof gateway.api));
    const measure = async (what: string, work: () => Promise<unknown>) => {
      const [before, cpu, started] = [requests, process.cpuUsage(), performance.now()];
      await work();
      const { user, system } = process.cpuUsage(cpu);
      const spent = (user + system) / 1000;
      say(
        `${what} ${spent.toFixed(0)} ms of processor time, ${(performance.now() - started).toFixed(0)} ms by the clock, ${requests - before} requests`,
      );
      return spent;
    };
    say(`a namespace of ${PODS} pods:`);
    await measure('  checkpoint:', () => watch.watch(gateway.namespace));
    const looks: number[] = [];
    for (let n = 0; n < LOOKS; n++) looks.push(await measure('  look:      ', () => watch.losses()));
    const median = looks.sort((a, b) => a - b)[Math.floor(LOOKS / 2)]!;
    say(
      `  one look in ${(median / 1000 / 0.02).toFixed(0)} s is 2 % of a core; a transaction makes three to five in all`,
    );
  } finally {
    await gateway.kubectl('delete', 'pods', '--all', '--wait=false', '--grace-period=0', '--force').catch(() => '');
    await gateway.close();
    await cluster.release();
  }
}
