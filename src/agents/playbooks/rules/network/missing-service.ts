import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { refTo } from '../../../../kube/cluster-view.ts';
import { isOfPresentTemplate } from '../../../../kube/container-trouble.ts';
import { PODS, REVISIONS, ROLLOUT_KINDS } from '../../../../kube/kind-sets.ts';
import { lastChange } from '../../../../kube/managed-fields.ts';
import type { MeantService, NamedHost } from '../../../../kube/named-hosts.ts';
import { namedHosts, serviceMeant } from '../../../../kube/named-hosts.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import { entitledService } from '../../clues/services/renamed-service.ts';
import { staleReads } from '../../clues/settings/stale-reads.ts';
import { rivalWords, successionOf } from '../../clues/services/successor-service.ts';
import { troubledWorkloads } from '../../clues/pods/troubled.ts';
import type { Trouble } from '../../clues/pods/troubled.ts';
import type { LogLine } from '../../clues/pods/workload-logs.ts';
import {
  complaintAbout,
  hostsComplainedOf,
  logEvidence,
  namesHost,
  workloadLog,
} from '../../clues/pods/workload-logs.ts';
import { stableJson } from '../../../../json/stable-json.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import { danglingNames } from './external-name.ts';
import { missingServiceFixes, namedFor } from '../../clues/services/missing-service-fixes.ts';

const MISSING_SERVICE = 'missing-service';

/** Without a log that tells, an alternative must be at least this certain before a name is called wrong. */
const ENOUGH = 0.5;
/** Workloads whose logs are read. */
const MAX_READ = 12;
/** Lines shown. */
const LINES_SHOWN = 3;

/** Of callers that are well, an alternative must be this certain: the former setting, or the workload of that name. */
const PLAIN = 0.75;

/** A Service that is missed, and how that shows. */
interface Missed {
  meant: MeantService;
  from: KubeObject[];
  lines: LogLine[];
  /** Of its callers; `well`: nothing speaks of them. */
  trouble: Trouble | 'well';
}

/**
 * Services that settings or logs of workloads name and that do not exist. A name alone proves nothing (a host outside, a
 * feature that is off): a log complains of it, or what was most likely meant is there.
 */
export async function analyzeMissingServices(context: AnalyzerContext): Promise<Finding[]> {
  const { view, severity } = context;
  if (!view.known('Service')) return [];
  const troubled = troubledWorkloads(view, severity);
  const workloads = view
    .workloads()
    .filter((workload) => troubled.has(refKey(refOf(workload))))
    .sort((a, b) => rank(troubled, a) - rank(troubled, b))
    .slice(0, MAX_READ);
  const missed = new Map<string, Missed>();
  for (const workload of workloads) {
    const trouble = troubled.get(refKey(refOf(workload)))!;
    for (const { meant, lines } of await missedBy(context, workload, trouble)) {
      const key = `${meant.namespace}/${meant.name}`;
      const known = missed.get(key);
      if (known) {
        known.from.push(workload);
        known.lines.push(...lines);
      } else missed.set(key, { meant, from: [workload], lines, trouble });
    }
  }
  const findings = await Promise.all([
    ...[...missed.values()].map((each) => findingFor(context, each)),
    ...missedByWell(view, troubled, missed).map((each) => findingFor(context, each)),
  ]);
  return [...findings.filter((finding) => finding !== null), ...(await danglingNames(context, MISSING_SERVICE))];
}

/** What callers name of which nothing speaks: their logs are not read, and other namespaces not looked into. */
function missedByWell(view: ClusterView, troubled: Map<string, Trouble>, known: Map<string, Missed>): Missed[] {
  const found = new Map<string, Missed>();
  for (const setting of namedHosts(view)) {
    const { from, host } = setting;
    if (troubled.has(refKey(refOf(from))) || !isAddress(setting) || isOwnHost(from, host)) continue;
    const meant = serviceMeant(view, host, from.metadata.namespace);
    // A word alone may be anything, but for the name of a workload.
    const isCall = setting.port !== null || meant?.qualified || setting.text.slice(0, setting.at).endsWith('//');
    if (!isCall && !ROLLOUT_KINDS.some((kind) => view.find(kind, meant?.namespace, host))) continue;
    if (!meant || !view.inScope(meant.namespace) || view.find('Service', meant.namespace, meant.name)) continue;
    const key = `${meant.namespace}/${meant.name}`;
    if (known.has(key)) continue;
    const other = found.get(key) ?? { meant, from: [], lines: [], trouble: 'well' as const };
    if (!other.from.includes(from)) other.from.push(from);
    found.set(key, other);
  }
  return [...found.values()];
}

const ORDER: readonly Trouble[] = ['unhealthy', 'asked', 'maybe'];
function rank(troubled: Map<string, Trouble>, workload: KubeObject): number {
  return ORDER.indexOf(troubled.get(refKey(refOf(workload)))!);
}

async function missedBy(
  context: AnalyzerContext,
  workload: KubeObject,
  trouble: Trouble,
): Promise<{ meant: MeantService; lines: LogLine[] }[]> {
  const { view } = context;
  const { namespace } = workload.metadata;
  const log = await workloadLog(context, workload);
  const found = new Map<string, { meant: MeantService; lines: LogLine[] }>();
  const add = async (host: string, lines: LogLine[]): Promise<void> => {
    const meant = serviceMeant(view, host, namespace);
    if (!meant || isOwnHost(workload, host) || (await exists(context, meant))) return;
    const key = `${meant.namespace}/${meant.name}`;
    const known = found.get(key);
    if (known) known.lines.push(...lines.filter((line) => !known.lines.includes(line)));
    else found.set(key, { meant, lines });
  };
  const settings = namedHosts(view).filter(({ from }) => from === workload);
  for (const setting of settings) {
    const plain = isAddress(setting);
    const lines = log.filter(
      ({ text }) => hostsComplainedOf(text).includes(setting.host) || (plain && complaintAbout(text, setting.host)),
    );
    if (lines.length > 0 || (plain && (trouble !== 'maybe' || isMeantOtherwise(view, setting))))
      await add(setting.host, lines);
  }
  // A name that no setting holds any more: what changed since the pods read it explains it, if anything does.
  if (staleReads(view, workload).length > 0) return [...found.values()];
  const spoken = new Set(settings.map(({ host }) => host));
  for (const line of log) {
    // Pods of a former template ask for what that one named: that they are still there is what is wrong.
    const isLate = workload.spec?.paused === true || !isOfPresentTemplate(view, workload, line.pod);
    const isFormer = (host: string) => isLate && namesHost(stableJson(line.pod.spec), host);
    for (const host of hostsComplainedOf(line.text)) if (!spoken.has(host) && !isFormer(host)) await add(host, [line]);
  }
  return [...found.values()];
}

/** The setting is called after a Service that exists, and names another one. */
function isMeantOtherwise(view: ClusterView, setting: NamedHost): boolean {
  const meant = serviceMeant(view, setting.host, setting.from.metadata.namespace);
  return meant !== null && entitledService(view, meant.namespace, meant.name, [setting]) !== null;
}

function isAddress({ host, port, address, text, variable }: NamedHost): boolean {
  if (/\.svc(?:\.|$)/.test(host)) return true;
  if (!address) return false;
  return (
    port !== null || text.trim() !== host || /HOST|ADDR|URL|URI|ENDPOINT|SERVER|UPSTREAM|BACKEND/i.test(variable ?? '')
  );
}

function isOwnHost(workload: KubeObject, host: string): boolean {
  const spec = podTemplateOf(workload)?.spec;
  const aliases = ((spec?.hostAliases ?? []) as { hostnames?: string[] }[]).flatMap(({ hostnames }) => hostnames ?? []);
  return host === 'localhost' || aliases.includes(host) || host === spec?.hostname;
}

/** Where nobody may look, it is not called missing. */
async function exists({ view, get }: AnalyzerContext, { name, namespace }: MeantService): Promise<boolean> {
  if (view.inScope(namespace)) return view.find('Service', namespace, name) !== undefined;
  return get(refTo('Service', 'v1', namespace, name)).then(
    (service) => service !== null,
    () => true,
  );
}

async function findingFor(context: AnalyzerContext, missed: Missed): Promise<Finding | null> {
  const { view, list } = context;
  const { meant, lines, trouble } = missed;
  const spoken = lines.some(({ text }) => hostsComplainedOf(text).some((host) => host.split('.').includes(meant.name)));
  const references = namedFor(view, meant, (host) => isAddress(host) || (spoken && missed.from.includes(host.from)));
  const well = trouble === 'well';
  // Rights that end at the namespace are no reason to give up: then nobody knows of others.
  const everywhere = well ? [] : await list({ apiVersion: 'v1', kind: 'Service' }).catch(() => []);
  const elsewhere = everywhere.filter(
    ({ metadata }) => metadata.name === meant.name && metadata.namespace !== meant.namespace,
  );
  const gone = {
    ...meant,
    ports: [...new Set(references.flatMap(({ port }) => port ?? []))],
    writtenAt: writtenAt(references),
  };
  // A name that is missed for certain; of others a mere resemblance would be too much.
  const succession = lines.length > 0 && references.length > 0 ? await successionOf(context, gone) : null;
  const successor = succession?.proven ?? null;
  const { fixes, reasons } = missingServiceFixes(view, { meant, references, elsewhere, successor });
  const enough = well ? PLAIN : ENOUGH;
  if (lines.length === 0 && !fixes.some(({ confidence }) => confidence >= enough)) return null;
  const absent = refTo('Service', 'v1', meant.namespace, meant.name);
  const holders = [...new Set(references.map(({ object }) => object))];
  const callers = [...new Set([...references.map(({ from }) => from), ...missed.from])];
  const who = callers.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  const places = [
    ...new Set(references.map((each) => `${each.object.kind} ${each.object.metadata.name} ${each.field}`)),
  ];
  return makeFinding({
    rule: MISSING_SERVICE,
    severity: well || (trouble === 'maybe' && lines.length === 0) ? 'warning' : 'critical',
    object: holders.length === 1 ? holders[0]! : absent,
    what: `${meant.namespace}/${meant.name}`,
    message:
      `${who.slice(0, 3).join(', ')} ${callers.length > 1 ? 'ask' : 'asks'} Service ${meant.name}` +
      ` in namespace ${meant.namespace}, which does not exist` +
      (places.length > 0 ? `; ${places.slice(0, 2).join(' and ')} ${places.length > 1 ? 'name' : 'names'} it` : ''),
    evidence: [
      ...references
        .slice(0, 4)
        .map(({ object, field, host, port }) =>
          evidence('spec', object, field, `names ${host}${port === null ? '' : `:${port}`}`),
        ),
      evidence('sibling', absent, null, `no Service ${meant.name} in namespace ${meant.namespace}`),
      ...lines.slice(-LINES_SHOWN).map(logEvidence),
      ...reasons,
    ],
    fixes,
    unfixed:
      (succession && rivalWords(gone, succession)) ??
      (references.length === 0
        ? 'no setting that may be read holds the name, and nothing tells what the Service led to: whoever wrote the name knows'
        : 'no Service is known to be the one that was meant, and no workload tells what it led to: whoever owns the callers can say'),
  });
}

/** When the last of the places was written that name it. */
function writtenAt(references: readonly NamedHost[]): number {
  return Math.max(...references.map(({ object }) => lastChange(object)?.at ?? NaN));
}

export const missingServiceRule: Analyzer = {
  rule: MISSING_SERVICE,
  layer: 'configuration',
  kinds: [...PODS, 'Event', ...REVISIONS, 'Service', 'ConfigMap', 'Secret', 'Namespace', 'Ingress', 'EndpointSlice'],
  explains: 'Programs that ask a Service which does not exist: renamed, deleted, misspelt, or in another namespace.',
  unfixed: 'no Service is known to be the one that was meant',
  analyze: analyzeMissingServices,
};
