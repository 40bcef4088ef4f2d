import type { Change } from '../../../../domain/change.ts';
import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import { calleesOf } from '../../../../kube/callees.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { readyPods } from '../../../../kube/cluster-view.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { pinnedContainer } from '../../../../kube/pinned-container.ts';
import { isLiving, isReady } from '../../../../kube/pods.ts';
import { earlierRevisions } from '../../../../kube/revisions.ts';
import { servicePorts } from '../../../../kube/service-backends.ts';
import { listOf } from '../../../../kube/untyped-list.ts';
import { staleReads } from '../../clues/settings/stale-reads.ts';
import { troubledWorkloads } from '../../clues/pods/troubled.ts';
import type { LogLine } from '../../clues/pods/workload-logs.ts';
import { logEvidence, workloadLog } from '../../clues/pods/workload-logs.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import { awaitRollout, deleteNoWait, rolloutRestart } from '../../engine/changes.ts';
import type { StoreSettings } from './store-settings.ts';
import { storeSettings } from './store-settings.ts';

const STORE_ACCESS = 'store-access-refused';
/** The action that mends it (docs/runbooks.md). */
const ACTION = 'redis-load-users';
/** Error codes of Redis and what speaks its protocol: a right, or the user and its password. */
const REFUSAL = /\b(NOPERM|WRONGPASS)\b/;
const MEANING = {
  NOPERM: 'its user lacks a right that it needs',
  WRONGPASS: 'the store knows no such user and password, or the user is disabled',
} as const;
type Code = keyof typeof MEANING;

/** Workloads whose logs are read. */
const MAX_READ = 12;
/** Servers that one fix speaks to. */
const MAX_SERVERS = 5;
const LINES_SHOWN = 3;
const DEFAULT_PORT = 6379;

interface Store {
  workload: KubeObject;
  service: KubeObject;
  settings: StoreSettings;
}

/**
 * Programs that a Redis server refuses, although its own list of users may be right: users of a running server can be
 * changed, and no object shows it. Sources: redis.io, "ACL", "ACL LOAD"; AIOpsLab's revoked and unregistered users.
 */
export async function analyzeStoreAccess(context: AnalyzerContext): Promise<Finding[]> {
  const { view, severity } = context;
  const troubled = troubledWorkloads(view, severity);
  const clients = view
    .workloads()
    .filter((workload) => troubled.has(refKey(refOf(workload))) && storesOf(view, workload).length > 0)
    .slice(0, MAX_READ);
  const findings = await Promise.all(clients.map((client) => refusedFor(context, client)));
  return findings.flat();
}

/** Redis-like servers that a workload's settings name through a Service. */
function storesOf(view: ClusterView, client: KubeObject): (Store & { host: string })[] {
  const found = new Map<string, Store & { host: string }>();
  for (const { workload, service, host } of calleesOf(view, client)) {
    const settings = storeSettings(view, workload);
    if (settings) found.set(refKey(refOf(workload)), { workload, service, settings, host });
  }
  return [...found.values()];
}

async function refusedFor(context: AnalyzerContext, client: KubeObject): Promise<Finding[]> {
  const { view } = context;
  const lines = (await workloadLog(context, client)).filter(({ text }) => REFUSAL.test(text));
  const last = lines.at(-1);
  if (!last) return [];
  const stores = storesOf(view, client);
  const named = stores.filter(({ host }) => last.text.toLowerCase().includes(host));
  const [store, other] = named.length > 0 ? named : stores;
  // Which of several refuses it, nothing tells.
  if (!store || other) return [];
  const code = REFUSAL.exec(last.text)![1] as Code;
  // A password that the client itself changed, or reads anew, is its own mistake.
  if (code === 'WRONGPASS' && (isNewer(view, client, store.workload) || staleReads(view, client).length > 0)) return [];
  return [findingFor(context, client, store, code, lines)];
}

/** The client's template came after the store's present pods, so that what is new in it may be what is refused. */
function isNewer(view: ClusterView, client: KubeObject, store: KubeObject): boolean {
  if (earlierRevisions(view, client).length === 0) return false;
  const made = (object: KubeObject | undefined) => Date.parse(object?.metadata.creationTimestamp ?? '');
  const template = client.kind === 'Deployment' ? view.currentReplicaSet(client) : undefined;
  const started = Math.max(...view.podsOf(store).map(made));
  return !(made(template) <= started);
}

function findingFor(
  { view, actions }: AnalyzerContext,
  client: KubeObject,
  store: Store,
  code: Code,
  lines: LogLine[],
): Finding {
  const { workload, settings } = store;
  const of = ({ kind, metadata }: KubeObject) => `${kind} ${metadata.name}`;
  const action = actions.find(({ name }) => name === ACTION);
  const fixes = action?.allowed ? fixesFor(view, client, store, action.digest) : [];
  const file = settings.aclFile;
  return makeFinding({
    rule: STORE_ACCESS,
    severity: readyPods(view, client).length > 0 ? 'warning' : 'critical',
    object: workload,
    what: `${code} for ${client.metadata.name}`,
    message: `${of(workload)} refuses ${of(client)} with ${code}: ${MEANING[code]}; its users may have been changed while it ran`,
    evidence: [
      ...lines.slice(-LINES_SHOWN).map(logEvidence),
      ...(file ? [evidence('spec', workload, null, `its list of users is ${file}, read when it starts`)] : []),
    ],
    fixes,
    unfixed: whyUnfixed(settings, action),
  });
}

function whyUnfixed(
  { aclFile, readable }: StoreSettings,
  action: AnalyzerContext['actions'][number] | undefined,
): string {
  if (readable && aclFile === null)
    return 'the server has no file of users from which they could be restored: whoever manages its users has to';
  if (!action) return 'its users can only be restored by a command in its container, and no action for it is here';
  return action.allowed
    ? 'no server of it runs in which its users could be restored'
    : `action ${ACTION} lets the server load its file of users again: 'stratus runbook show ${ACTION}' shows it, 'stratus runbook allow ${ACTION}' allows it`;
}

function fixesFor(view: ClusterView, client: KubeObject, store: Store, digest: string): FixDraft[] {
  const { workload, service, settings } = store;
  const { container, aclFile, mounted, keeps, readable } = settings;
  if (readable && aclFile === null) return [];
  const servers = view.podsBehind(service).filter((pod) => view.workloadOf(pod) === workload && isReady(pod));
  const port = portOf(service, settings);
  const loads = servers.slice(0, MAX_SERVERS).flatMap((pod): Change[] => {
    const at = pinnedContainer(pod, container.name);
    if (!at) return [];
    const inputs = { port: String(port), ...(mounted && aclFile ? { 'users-file': aclFile } : {}) };
    return [{ type: 'action', call: { name: ACTION, digest, at, inputs } }];
  });
  if (loads.length === 0) return [];
  const retries = view
    .podsOf(client)
    .filter((pod) => isLiving(pod) && !isReady(pod) && client.kind !== 'Pod')
    .map(deleteNoWait);
  const expects = `${client.metadata.name} may use ${workload.metadata.name} again`;
  const restarts =
    keeps !== null && workload.kind !== 'Pod'
      ? [
          {
            // A client that connects while its server is replaced may wait for an address that is gone.
            changes: [rolloutRestart(workload), ...(retries.length > 0 ? [awaitRollout(workload)] : []), ...retries],
            expects: `${expects}: it reads its users when it starts${keeps === 'none' ? '; what it holds in memory goes, as its settings say' : ''}`,
            confidence: 0.4,
          },
        ]
      : [];
  return [{ changes: [...loads, ...retries], expects, confidence: 0.9 }, ...restarts];
}

/** Where the server listens inside its pod. */
function portOf(service: KubeObject, { container }: StoreSettings): number {
  const [first] = servicePorts(service);
  if (typeof first?.target === 'number') return first.target;
  const named = listOf(container.spec?.ports).find((port) => port?.name === first?.target);
  return Number(named?.containerPort ?? DEFAULT_PORT);
}

export const storeAccessRule: Analyzer = {
  rule: STORE_ACCESS,
  layer: 'configuration',
  kinds: [...PODS, 'Event', ...REVISIONS, 'Namespace', 'Service', 'ConfigMap'],
  explains: 'Programs that a Redis server refuses because its users or their rights were changed while it ran.',
  unfixed: 'its users can only be restored by a command in its container',
  analyze: analyzeStoreAccess,
};
