import type { Api, KubeObject } from '../../judge/api.ts';
import type { Application, Member } from '../application.ts';
import { ASK_PATH } from '../application.ts';
import type { Cluster } from '../cluster.ts';
import type { Plan } from '../fault.ts';

/** What is wrong, by what it is wrong with, and how far from 0 (not at all) to 1. */
export type Ills = ReadonlyMap<string, number>;

/** How ill an application was between two moments, in milliseconds since the epoch. */
export interface Observation {
  from: number;
  to: number;
  ills: Ills;
}

/** A rise by less is the noise of counting pods. */
const TOLERANCE = 0.2;
const ANSWER_MS = 6_000;

/** Ills of `now` that `before` has not, or in a lesser degree. */
export function worsened(before: Ills, now: Ills): string[] {
  return [...now].filter(([what, grade]) => grade > (before.get(what) ?? 0) + TOLERANCE).map(([what]) => what);
}

/** The worst of several looks. */
export function worstOf(looks: readonly Ills[]): Ills {
  const worst = new Map<string, number>();
  for (const [what, grade] of looks.flatMap((ills) => [...ills]))
    worst.set(what, Math.max(grade, worst.get(what) ?? 0));
  return worst;
}

/**
 * Looks at one application as its users and its operators would: what is answered, which pods are ready and behind which
 * Service, which claims have a volume. Reads only.
 */
export class Observer {
  readonly #api: Api;
  readonly #application: Application;
  readonly #plan: Pick<Plan, 'healthy'>;
  readonly #cluster: Cluster;
  readonly #answers: boolean;

  /** @param answers whether programs run that can be asked */
  constructor(cluster: Cluster, application: Application, plan: Pick<Plan, 'healthy'>, answers: boolean) {
    this.#api = cluster.api;
    this.#cluster = cluster;
    this.#application = application;
    this.#plan = plan;
    this.#answers = answers;
  }

  /** @param beside also asks for what users would miss beside the answer, which takes longer */
  async look(beside = true): Promise<Observation> {
    const from = Date.now();
    const { namespace, members } = this.#application;
    const [apps, core, discovery] = ['/apis/apps/v1', '/api/v1', '/apis/discovery.k8s.io/v1'].map(
      (base) => `${base}/namespaces/${namespace}`,
    );
    const list = async (path: string) => (await this.#api.list(path)).items;
    const [deployments, sets, daemons, services, slices, claims, answers, own] = await Promise.all([
      list(`${apps}/deployments`),
      list(`${apps}/statefulsets`),
      list(`${apps}/daemonsets`),
      list(`${core}/services`),
      list(`${discovery}/endpointslices`),
      list(`${core}/persistentvolumeclaims`),
      this.#answers ? Promise.all(members.map((member) => this.#answer(member))) : [],
      (beside ? this.#plan.healthy?.(this.#cluster) : undefined)?.catch((error: Error) => error.message) ?? '',
    ]);
    const ills = new Map<string, number>();
    const add = (what: string, grade: number) => {
      if (grade > 0) ills.set(what, grade);
    };
    const workloads = { Deployment: deployments, StatefulSet: sets, DaemonSet: daemons };
    for (const member of members) {
      const { kind, name } = member;
      const workload = workloads[kind].find(({ metadata }) => metadata.name === name);
      if (!workload) add(`${kind} ${name} is gone`, 1);
      else for (const [what, grade] of illsOf(workload, kind, member.replicas)) add(`${kind} ${name}: ${what}`, grade);
      const service = services.find(({ metadata }) => metadata.name === member.service.metadata.name);
      if (!service) add(`Service ${member.service.metadata.name} is gone`, 1);
      else add(`Service ${service.metadata.name} leads to no ready pod`, deadShare(service, slices, member));
    }
    for (const { metadata, status } of claims)
      add(`claim ${metadata.name} has no volume`, status?.phase === 'Bound' ? 0 : 1);
    for (const [index, lack] of answers.entries()) add(`${members[index]!.name} gives no whole answer`, lack ? 1 : 0);
    add('what users miss beside the answer', own ? 1 : 0);
    return { from, to: Date.now(), ills };
  }

  /** "" when it answers, with all that it asks. */
  async #answer(member: Member): Promise<string> {
    const { name } = member.service.metadata;
    const asked = this.#cluster.ask(name, member.service.spec.ports[0].port, ASK_PATH);
    const late = new Promise<{ failed: string }>((resolve) => {
      setTimeout(() => resolve({ failed: 'no answer in time' }), ANSWER_MS).unref();
    });
    const answer = await Promise.race([asked, late]);
    if ('failed' in answer) return answer.failed;
    const silent = withCallees(member).find(({ says }) => !answer.body.includes(says));
    return silent ? `without ${silent.name}` : '';
  }
}

function withCallees(member: Member): Member[] {
  return [member, ...member.calls.flatMap(withCallees)];
}

function illsOf({ spec, status = {}, metadata }: KubeObject, kind: string, atLeast: number): [string, number][] {
  const daemon = kind === 'DaemonSet';
  const wanted = Math.max(atLeast, (daemon ? status.desiredNumberScheduled : (spec.replicas ?? 1)) ?? 0);
  const ready = (daemon ? status.numberReady : status.readyReplicas) ?? 0;
  const all = (daemon ? status.currentNumberScheduled : status.replicas) ?? 0;
  const whole = kind === 'StatefulSet' && status.currentRevision === status.updateRevision;
  const updated = whole ? all : ((daemon ? status.updatedNumberScheduled : status.updatedReplicas) ?? 0);
  const seen = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  return [
    ['pods are not ready', 1 - Math.min(ready, wanted) / wanted],
    // Pods beyond those that are wanted are of a revision that does not give way.
    ['the newest revision is not rolled out', seen && updated >= wanted && all <= wanted ? 0 : 1],
  ];
}

/** Share of the Service's ports behind which no ready pod listens. */
function deadShare(service: KubeObject, slices: readonly KubeObject[], member: Member): number {
  const ports = (service.spec.ports ?? []) as { name?: string; targetPort?: number | string }[];
  const own = slices.filter(
    ({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service.metadata.name,
  );
  const open = new Set((member.main.ports as { containerPort: number }[]).map(({ containerPort }) => containerPort));
  const alive = (name = '') =>
    own.some(
      (slice) =>
        ((slice.ports ?? []) as { name?: string; port?: number }[]).some(
          (one) => (one.name ?? '') === name && open.has(one.port ?? 0),
        ) &&
        ((slice.endpoints ?? []) as { conditions?: { ready?: boolean } }[]).some(({ conditions }) => conditions?.ready),
    );
  return ports.length === 0 ? 1 : ports.filter(({ name }) => !alive(name)).length / ports.length;
}
