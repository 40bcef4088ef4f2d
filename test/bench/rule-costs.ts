import { Readable } from 'node:stream';
import { ANALYZERS, RULE_KINDS } from '../../src/agents/playbooks/analyzers.ts';
import type { Analyzer, AnalyzerContext } from '../../src/agents/playbooks/engine/analyzer.ts';
import { PlaybookBrain } from '../../src/agents/playbooks/playbook-brain.ts';
import { connect } from '../../src/cluster/connect/cluster-connection.ts';
import { loadKubeconfig } from '../../src/cluster/connect/kubeconfig.ts';
import { SystemClock } from '../../src/cluster/connect/system-clock.ts';
import { SnapshotReader } from '../../src/cluster/read/snapshot.ts';
import { NO_LIMIT } from '../../src/domain/budget.ts';
import { Monitor } from '../../src/gateway/monitor/monitor.ts';
import { KubeApi } from '../../src/gateway/wire/kube-api.ts';
import type { Upstream } from '../../src/gateway/wire/upstream.ts';
import { HealthOracle, NodeOracle, ORACLE_KINDS } from '../../src/severity/health-oracle.ts';
import { SeverityReader } from '../../src/severity/severity-reader.ts';

export interface Cost {
  /** A rule, or what comes before them. */
  of: string;
  /** Of the processor, all threads, in ms. */
  processor: number;
  /** Requests that it caused; a read that a rule before it asked for costs it nothing. */
  reads: number;
  bytes: number;
}

/**
 * What each part of one diagnosis costs, in the order in which they run: the readings of the cluster with what the
 * oracles say of them, then every rule.
 */
export async function diagnosisCosts(kubeconfig: string, context: string, namespace: string): Promise<Cost[]> {
  const clock = new SystemClock();
  const target = { context, server: '', fingerprint: '', namespace };
  const connection = await connect(await loadKubeconfig({ kubeconfig }), target, { clock, environment: process.env });
  const costs: Cost[] = [];
  const traffic = { reads: 0, bytes: 0 };
  const upstream: Upstream = {
    async request(request) {
      traffic.reads++;
      const { body, ...answer } = await connection.request(request);
      return { ...answer, body: Readable.from(counted(body, traffic)) };
    },
  };
  const measured = async <T>(of: string, work: () => T | Promise<T>): Promise<T> => {
    const before = { ...traffic, ...process.cpuUsage() };
    const result = await work();
    const { user, system } = process.cpuUsage();
    const processor = (user + system - before.user - before.system) / 1_000;
    costs.push({ of, processor, reads: traffic.reads - before.reads, bytes: traffic.bytes - before.bytes });
    return result;
  };
  try {
    const reader = new SnapshotReader(new KubeApi(new Monitor(upstream, 'read')), [namespace], clock, [
      ...ORACLE_KINDS,
      ...RULE_KINDS,
    ]);
    const severityReader = new SeverityReader(reader, [new HealthOracle(), new NodeOracle()], clock, 0);
    const { signal } = new AbortController();
    const { severity, snapshot } = await measured('readings and oracles', () => severityReader.baseline(signal));
    const analyzers = ANALYZERS.map((analyzer): Analyzer => ({
      ...analyzer,
      analyze: (facts: AnalyzerContext) => measured(analyzer.rule, () => analyzer.analyze(facts)),
    }));
    await new PlaybookBrain(analyzers).diagnose({
      run: '',
      target,
      snapshot,
      severity,
      evidence: reader,
      clock,
      budget: NO_LIMIT,
      signal,
      emit: () => undefined,
    });
    return costs;
  } finally {
    connection.close();
  }
}

async function* counted(body: Readable, traffic: { bytes: number }): AsyncGenerator<Buffer> {
  for await (const chunk of body as AsyncIterable<Buffer>) {
    traffic.bytes += chunk.length;
    yield chunk;
  }
}
