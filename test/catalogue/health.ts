import type { KubeObject } from '../judge/api.ts';
import type { Application, Member } from './application.ts';
import { ASK_PATH } from './application.ts';
import type { Cluster } from './cluster.ts';
import type { Plan } from './fault.ts';

const PLURALS = { Deployment: 'deployments', StatefulSet: 'statefulsets', DaemonSet: 'daemonsets' };
const POLL_MS = 500;
const IN_A_ROW = 3;

/** "" when users are served as before the fault: every member answers, and is rolled out in its former size. */
export async function lackOf(cluster: Cluster, application: Application, plan: Pick<Plan, 'healthy'>): Promise<string> {
  const entry = application.members[0]!;
  const { name } = entry.service.metadata;
  const answer = await cluster.ask(name, entry.service.spec.ports[0].port, ASK_PATH);
  if ('failed' in answer) return answer.failed;
  const silent = application.members.find(({ says }) => !answer.body.includes(says));
  if (silent) return `the answer is without ${silent.name}`;
  for (const member of application.members) {
    const lack = await unrolled(cluster, member);
    if (lack) return lack;
  }
  return (await plan.healthy?.(cluster)) ?? '';
}

/** "" when a workload wants at least its former number of pods and has them, all of the newest revision and ready. */
async function unrolled(cluster: Cluster, { kind, name, replicas }: Member): Promise<string> {
  const path = `/apis/apps/v1/namespaces/${cluster.namespace}/${PLURALS[kind]}/${name}`;
  const workload = await cluster.api.find(path);
  if (!workload) return `${kind} ${name} is gone`;
  return lackOfRollout(workload, replicas);
}

export function lackOfRollout({ kind, metadata, spec, status = {} }: KubeObject, atLeast: number): string {
  const what = `${kind} ${metadata.name}`;
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return `${what} is not observed yet`;
  if (kind === 'DaemonSet') {
    const wanted = status.desiredNumberScheduled ?? 0;
    const [updated, ready] = [status.updatedNumberScheduled ?? 0, status.numberReady ?? 0];
    if (wanted < atLeast) return `${what} is wanted on ${wanted} nodes, expected ${atLeast}`;
    return updated === wanted && ready === wanted ? '' : `${what}: ${updated} updated, ${ready} ready of ${wanted}`;
  }
  const wanted = spec.replicas ?? 1;
  if (wanted < atLeast) return `${what} wants ${wanted} replicas, expected ${atLeast}`;
  const [all, updated, ready] = [status.replicas ?? 0, status.updatedReplicas ?? 0, status.readyReplicas ?? 0];
  // With every pod of the newest revision a StatefulSet says nothing of updated ones.
  const current = kind === 'StatefulSet' && status.currentRevision === status.updateRevision ? all : updated;
  const whole = all === wanted && current === wanted && ready === wanted;
  return whole ? '' : `${what}: ${all} pods, ${current} updated, ${ready} ready of ${wanted}`;
}

export interface Settled {
  reached: boolean;
  /** The last thing that was missing. */
  lack: string;
  seconds: number;
}

/** Waits until the oracle has the colour three times in a row. */
export async function until(colour: 'green' | 'red', ask: () => Promise<string>, timeoutMs: number): Promise<Settled> {
  const started = performance.now();
  let row = 0;
  let first = 0;
  let lack = '';
  for (;;) {
    const now = await ask();
    if (now !== '') lack = now;
    if ((now === '') === (colour === 'green')) {
      if (row++ === 0) first = performance.now() - started;
      if (row >= IN_A_ROW) return { reached: true, lack, seconds: first / 1000 };
    } else row = 0;
    if (performance.now() - started > timeoutMs) return { reached: false, lack, seconds: timeoutMs / 1000 };
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
