import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { PODS } from '../../../../kube/kind-sets.ts';
import { containerStatuses } from '../../../../kube/image-state.ts';
import { isReady } from '../../../../kube/pods.ts';
import type { Denial } from '../../../../kube/rbac.ts';
import { accountOf, denialsIn, RBAC_API } from '../../../../kube/rbac.ts';
import { readyPods, refTo } from '../../../../kube/cluster-view.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import type { LogLine } from '../../clues/pods/workload-logs.ts';
import { workloadLog } from '../../clues/pods/workload-logs.ts';
import { eventEvidence, evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import type { Gap, Grants } from './role-gaps.ts';
import { aggregationOf } from './aggregated-role.ts';
import { gapsFor, idleRoles, isBound, scopeOf } from './role-gaps.ts';

const API_ACCESS_DENIED = 'api-access-denied';

/** Logs read per diagnosis: one container of each workload in trouble. */
const MAX_LOGS = 12;
const MAX_DENIALS = 6;

/** What one ServiceAccount was refused, and who told. */
interface Refused {
  account: { namespace: string; name: string };
  denials: Denial[];
  workloads: Set<KubeObject>;
  told: Evidence[];
}

/**
 * Programs that the API server refuses because of RBAC, by their own logs and by events. Rights are never changed: the
 * finding names the object and the field that is off (kubernetes.io: Using RBAC Authorization).
 */
export async function analyzeDeniedAccess(context: AnalyzerContext): Promise<Finding[]> {
  const refused = new Map<string, Refused>();
  const note = (workload: KubeObject, text: string, told: () => Evidence) => {
    for (const denial of denialsIn(text)) {
      const account = accountOf(denial.user);
      if (!account) continue;
      const key = `${account.namespace}/${account.name}`;
      const entry = refused.get(key) ?? { account, denials: [], workloads: new Set<KubeObject>(), told: [] };
      refused.set(key, entry);
      entry.workloads.add(workload);
      const known = entry.denials.some((one) => JSON.stringify(one) === JSON.stringify(denial));
      if (known || entry.denials.length >= MAX_DENIALS) continue;
      entry.denials.push(denial);
      if (entry.told.length < 3) entry.told.push(told());
    }
  };
  await readLogs(context, note);
  for (const workload of context.view.workloads()) {
    for (const event of context.view.eventsOf(workload)) {
      if (event.type === 'Warning') note(workload, event.message, () => eventEvidence(event, workload));
    }
  }
  if (refused.size === 0) return [];
  const grants = await readGrants(context, [...refused.values()]);
  return Promise.all([...refused.values()].map((one) => findingFor(context, one, grants)));
}

async function readLogs(
  context: AnalyzerContext,
  note: (workload: KubeObject, text: string, told: () => Evidence) => void,
): Promise<void> {
  const troubled = workloadsToAsk(context).slice(0, MAX_LOGS);
  const logs = await Promise.all(troubled.map((workload) => logOf(context, workload)));
  for (const [index, lines] of logs.entries()) {
    for (const { pod, container, text } of lines)
      note(troubled[index]!, text, () => evidence('log', pod, `log of container ${container}`, untrustedLine(text)));
  }
}

/** Workloads with pods that are not well; while a user's check fails also those that have an identity of their own. */
export function workloadsToAsk({ view, severity }: AnalyzerContext): KubeObject[] {
  const unexplained = severity.known && severity.items.some(({ object }) => object === null);
  return view.workloads().filter((workload) => {
    const pods = view.podsOf(workload);
    return pods.some(inTrouble) || (unexplained && pods.some(hasIdentity));
  });
}

/** Of pods that ended, too: a Job leaves no other. */
export async function logOf(context: AnalyzerContext, workload: KubeObject): Promise<LogLine[]> {
  const lines = await workloadLog(context, workload);
  const ended = context.view.podsOf(workload).find(({ status }) => status?.phase === 'Failed');
  if (lines.length > 0 || !ended) return lines;
  const { namespace = '', name } = ended.metadata;
  const read = containerStatuses(ended).map(async ({ name: container }) => {
    // A log that cannot be read is missing evidence.
    const told = await context.readLog(namespace, name, String(container), false).catch(() => []);
    return told.map((text) => ({ pod: ended, container: String(container), text }));
  });
  return (await Promise.all(read)).flat();
}

const hasIdentity = ({ spec }: KubeObject) => !['', 'default'].includes(String(spec?.serviceAccountName ?? ''));

function inTrouble(pod: KubeObject): boolean {
  if (pod.status?.phase === 'Succeeded' || pod.metadata.deletionTimestamp) return false;
  return !isReady(pod) || containerStatuses(pod).some((status) => Number(status?.restartCount ?? 0) > 0);
}

/** Null where RBAC may not be read: nothing can then be said of its objects. */
async function readGrants({ list }: AnalyzerContext, refused: Refused[]): Promise<Grants | null> {
  const namespaces = [
    ...new Set(refused.flatMap(({ account, denials }) => [account.namespace, ...denials.map((one) => one.namespace)])),
  ].filter((namespace) => namespace !== null);
  const read = (kind: string, namespace?: string) => list({ apiVersion: RBAC_API, kind }, namespace);
  try {
    // Who may not list a kind everywhere may do so in the namespaces in question.
    const everywhere = async (kind: string) =>
      read(kind).catch(async () => (await Promise.all(namespaces.map((one) => read(kind, one)))).flat());
    const [clusterBindings, clusterRoles, bindings, roles] = await Promise.all([
      read('ClusterRoleBinding'),
      read('ClusterRole'),
      everywhere('RoleBinding'),
      everywhere('Role'),
    ]);
    const kinded = (kind: string, objects: KubeObject[]) => objects.map((object) => ({ ...object, kind }));
    return {
      bindings: [...kinded('ClusterRoleBinding', clusterBindings), ...kinded('RoleBinding', bindings)],
      roles: [...kinded('ClusterRole', clusterRoles), ...kinded('Role', roles)],
    };
  } catch {
    // Rights that may not be read are unknown: the finding says so.
    return null;
  }
}

async function findingFor(context: AnalyzerContext, refused: Refused, grants: Grants | null): Promise<Finding> {
  const { account, denials, workloads, told } = refused;
  const { view } = context;
  const gaps = grants ? await gapsOf(context, refused, grants) : [];
  const [gap] = gaps;
  const asked = [...new Set(denials.map(({ verb, resource, path }) => `${verb} ${resource || path}`))];
  const who = `ServiceAccount ${account.namespace}/${account.name}`;
  const gathered = gap && grants ? aggregationOf(gap.object, denials, grants.roles) : null;
  const why = gap
    ? `: ${nameOf(gap.object)} ${gap.text}${gathered?.text ?? ''}`
    : grants
      ? unbound(refused, grants)
      : '; its bindings could not be read';
  const serves = [...workloads].every((workload) => readyPods(view, workload).length > 0);
  const decider = gap ? nameOf(gap.object) : 'the bindings of this ServiceAccount';
  const [first] = denials as [Denial];
  return makeFinding({
    rule: API_ACCESS_DENIED,
    severity: serves ? 'warning' : 'critical',
    object: refTo('ServiceAccount', 'v1', account.namespace, account.name),
    what: gap ? `${gap.object.kind}/${gap.object.metadata.name}` : 'binding',
    message: `${who} may not ${asked.slice(0, 3).join(', ')} in ${scopeOf(first)}${why}`,
    evidence: [
      ...told.slice(0, 1),
      ...(gathered?.evidence ?? []),
      ...gaps
        .slice(0, 3)
        .map((one) =>
          evidence(
            'sibling',
            one.object,
            one.field,
            `${nameOf(one.object)}: ${one.field} is ${one.present || 'not there'}${one.expected ? `, expected ${one.expected}` : ''}`,
          ),
        ),
      ...told.slice(1),
      ...(denials.length > 1
        ? [
            evidence(
              'log',
              refTo('ServiceAccount', 'v1', account.namespace, account.name),
              null,
              `refused: ${asked.join(', ')}`,
            ),
          ]
        : []),
    ],
    unfixed: `rights are never changed here: whoever administers RBAC decides about ${decider}`,
    beyond: true,
  });
}

/** Nothing comes near what was refused: who holds nothing of its own, and what was written for it. */
function unbound({ account, denials }: Refused, grants: Grants): string {
  if (isBound(account, grants)) return ': no binding gives it a role that does';
  const idle = idleRoles(denials, grants).slice(0, 3).map(nameOf);
  const roles = idle.length > 0 ? `; ${idle.join(', ')} would, and is bound to nobody there` : '';
  return `: nothing binds ServiceAccount ${account.name}${roles}`;
}

/** The gaps that most of the refusals have in common come first. */
async function gapsOf({ get }: AnalyzerContext, { account, denials }: Refused, grants: Grants): Promise<Gap[]> {
  const names = new Set(
    grants.bindings.flatMap((binding) =>
      ((binding['subjects'] ?? []) as KubeObject['spec'][])
        .filter((subject) => subject?.kind === 'ServiceAccount')
        .filter(({ name, namespace }) => name === account.name || namespace === account.namespace)
        .map(({ name, namespace }) => `${namespace ?? binding.metadata.namespace}/${name}`),
    ),
  );
  const present = new Set<string>();
  await Promise.all(
    [...names].slice(0, 20).map(async (key) => {
      const [namespace = '', name = ''] = key.split('/');
      // Where it cannot be read it counts as there: nothing is concluded from it.
      const found = await get(refTo('ServiceAccount', 'v1', namespace, name)).catch(() => true);
      if (found) present.add(key);
    }),
  );
  const counts = new Map<string, { gap: Gap; score: number }>();
  for (const denial of denials) {
    const exists = (one: { namespace: string; name: string }) => present.has(`${one.namespace}/${one.name}`);
    for (const gap of gapsFor(denial, account, grants, exists)) {
      const key = `${nameOf(gap.object)} ${gap.field}`;
      const known = counts.get(key);
      counts.set(key, { gap, score: (known?.score ?? 0) + gap.likely });
    }
  }
  return [...counts.values()].sort((a, b) => b.score - a.score).map(({ gap }) => gap);
}

function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name}`;
}

export const apiAccessDeniedRule: Analyzer = {
  rule: API_ACCESS_DENIED,
  layer: 'configuration',
  kinds: [...PODS, 'Event', 'ServiceAccount'],
  explains: 'Programs that do not become ready, or do nothing, because the API server refuses what they ask (RBAC).',
  unfixed: 'rights are never changed here: whoever administers RBAC decides',
  analyze: analyzeDeniedAccess,
};
