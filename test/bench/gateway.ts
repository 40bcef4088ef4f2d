import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Loopback } from '../../src/gateway/loopback.ts';
import { Monitor } from '../../src/gateway/monitor.ts';
import { acquireCluster } from '../cluster/cluster-fixture.ts';
import { openGateway } from '../cluster/gateway-harness.ts';

const run = promisify(execFile);
const ROUNDS = 40;

/**
 * kubectl through the gateway against kubectl directly, alternating within one run: median wall time of the whole child.
 * Goal: at most 1.03 times. Journal mode includes the pre-image, the check of the inverse and two forced disk writes.
 */
export async function bench(): Promise<void> {
  const cluster = await acquireCluster();
  const gateway = await openGateway(cluster.instance, 'bench');
  const home = await mkdtemp(join(tmpdir(), 'stratus-bench-'));
  const monitor = new Monitor(gateway.upstream, 'read');
  const reading = await Loopback.open(monitor);
  try {
    await gateway.kubectl('create', 'configmap', 'one', '--from-literal=a=b');
    await gateway.kubectl('create', 'deployment', 'web', '--image=shop:1', '--replicas=0');
    const transaction = await gateway.transactions().begin({ run: 'bench', title: 'bench', maxWrites: 10_000 });
    const writing = await Loopback.open(transaction.handler);
    const direct = (argv: string[]) =>
      run(gateway.instance.kubectl, ['--kubeconfig', gateway.instance.kubeconfig, '-n', gateway.namespace, ...argv], {
        env: { HOME: home },
      });
    const through = async (loopback: Loopback, argv: string[]) => {
      const result = await gateway.kubectlChild.run({
        argv,
        server: loopback.url,
        namespace: gateway.namespace,
        timeoutMs: 60_000,
      });
      if (result.exitCode !== 0) throw new Error(result.stderr);
    };
    const executed = async (argv: string[]) => {
      const result = await transaction.execute({ argv, why: '' }, [], new AbortController().signal);
      if (!result.ok) throw new Error(result.problem);
    };
    const reads: Array<(n: number) => string[]> = [
      () => ['get', 'configmap', 'one', '-o', 'json'],
      () => ['get', 'deployments', '-A'],
      () => ['describe', 'deployment', 'web'],
    ];
    const writes: Array<(n: number) => string[]> = [
      (n) => ['label', '--overwrite', 'configmap', 'one', `n=${n}`],
      (n) => ['set', 'image', 'deployment/web', `*=shop:${n}`],
      (n) => ['patch', 'configmap', 'one', '-p', `{"data":{"n":"${n}"}}`],
    ];
    for (const [name, commands, loopback] of [
      ['read', reads, reading],
      ['write', writes, writing],
    ] as const) {
      const times: Record<'direct' | 'gateway' | 'rehearsed', number[]> = { direct: [], gateway: [], rehearsed: [] };
      for (let n = 0; n < ROUNDS; n++) {
        for (const command of commands) {
          const once = async (kind: keyof typeof times, work: Promise<unknown>, from = performance.now()) => {
            await work;
            // The first rounds fill discovery caches on both sides.
            if (n >= 2) times[kind].push(performance.now() - from);
          };
          await once('direct', direct(command(2 * n)));
          await once('gateway', through(loopback, command(2 * n + 1)));
          if (name === 'write') await once('rehearsed', executed(command(100_000 + n)));
        }
      }
      const [base, measured, full] = [median(times.direct), median(times.gateway), median(times.rehearsed)];
      const ratio = (value: number) => `${value.toFixed(1)} ms, ratio ${(value / base).toFixed(3)}`;
      process.stdout.write(`${name}: direct ${base.toFixed(1)} ms; gateway ${ratio(measured)}; goal ≤ 1.03\n`);
      if (full > 0) process.stdout.write(`${name}: with its rehearsal inside the transaction ${ratio(full)}\n`);
    }
    await writing.close();
    await gateway.kubectlChild.forget(writing.url);
    await gateway.kubectlChild.forget(reading.url);
    await transaction.undo(new AbortController().signal);
    await transaction.dispose();
  } finally {
    await reading.close();
    await rm(home, { recursive: true, force: true });
    await gateway.close();
    await cluster.release();
  }
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
