import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import { configReferences } from '../../../../kube/config-references.ts';
import { namedHosts, serviceMeant, settingTexts } from '../../../../kube/named-hosts.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import { listOf } from '../../../../kube/untyped-list.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { literalPattern } from '../../../../text/literal-pattern.ts';
import type { AnalyzerContext } from '../../engine/analyzer.ts';
import { troubledWorkloads } from '../pods/troubled.ts';
import type { LogLine } from '../pods/workload-logs.ts';
import { workloadLog } from '../pods/workload-logs.ts';

/** A workload that is not well and seems to wait for what a Job makes. */
export interface Waiter {
  workload: KubeObject;
  lines: LogLine[];
}

/** Workloads whose logs are read. */
const MAX_READ = 6;

/** What is not there that somebody else was to make, in words of databases, stores, queues and shells. */
const MISSING =
  /\b(?:relation|table|view|column|schema|database|collection|topic|queue|exchange|bucket|index|keyspace|migrations?|seed|file)\b.{0,80}(?:not found|do(?:es)?(?:n't| not) exist|is missing|missing|unknown|not been (?:applied|run)|pending|not (?:yet )?(?:applied|there|complete|created))|(?:no such|unknown|undefined|missing|waiting (?:for|on)|pending|unapplied) (?:the )?(?:relation|table|column|schema|database|collection|topic|queue|bucket|index|keyspace|migrations?|seed|file)|ER_NO_SUCH_TABLE|NoSuchBucket|UNKNOWN_TOPIC|index_not_found/i;

/**
 * Who waits for a Job: it names it in what its containers run, or it shares a Service, a claim or configuration with it and
 * its log misses what such a Job makes.
 */
export async function waitersFor(context: AnalyzerContext, job: KubeObject): Promise<Waiter[]> {
  const { view, severity } = context;
  const troubled = troubledWorkloads(view, severity);
  const own = sharedBy(view, job);
  const near = view.workloads().filter((workload) => {
    if (workload === job || workload.kind === 'Job' || workload.metadata.namespace !== job.metadata.namespace)
      return false;
    return troubled.get(refKey(refOf(workload))) === 'unhealthy';
  });
  const found = near.slice(0, MAX_READ).map(async (workload): Promise<Waiter | null> => {
    const naming = settingTexts(view, workload).filter(({ text }) => names(text, job.metadata.name));
    const shares = [...sharedBy(view, workload)].some((each) => own.has(each));
    if (naming.length === 0 && !shares) return null;
    const log = await workloadLog(context, workload);
    const lines = log.filter(({ text }) => MISSING.test(text) || names(text, job.metadata.name));
    if (naming.length === 0 && lines.length === 0) return null;
    return { workload, lines };
  });
  return (await Promise.all(found)).filter((waiter) => waiter !== null);
}

/** Who asks the API for a Job by its name: another of another name is none to it. */
export function awaitsByName(view: ClusterView, job: KubeObject): KubeObject | null {
  const { name, namespace } = job.metadata;
  const others = view.workloads().filter((other) => other !== job && other.metadata.namespace === namespace);
  return others.find((other) => settingTexts(view, other).some(({ text }) => asksForJob(text, name))) ?? null;
}

/** Whether a workload names a Job, or uses what the Job uses. */
export function isTiedTo(view: ClusterView, workload: KubeObject, job: KubeObject): boolean {
  if (settingTexts(view, workload).some(({ text }) => names(text, job.metadata.name))) return true;
  const own = sharedBy(view, job);
  return [...sharedBy(view, workload)].some((each) => own.has(each));
}

/** What a workload has in common with others: Services, claims, ConfigMaps and Secrets, by kind and name. */
function sharedBy(view: ClusterView, workload: KubeObject): Set<string> {
  const spec = podTemplateOf(workload)?.spec;
  const hosts = namedHosts(view).flatMap(({ from, host }) => {
    const meant = from === workload ? serviceMeant(view, host, workload.metadata.namespace) : null;
    const service = meant && view.find('Service', meant.namespace, meant.name);
    return service ? [`Service/${meant.namespace}/${meant.name}`] : [];
  });
  const claims = listOf(spec?.volumes).flatMap((volume) => volume?.persistentVolumeClaim?.claimName ?? []);
  return new Set([
    ...hosts,
    ...claims.map((claim) => `PersistentVolumeClaim/${String(claim)}`),
    ...configReferences(spec).map(({ kind, name }) => `${kind}/${name}`),
  ]);
}

function names(text: string, job: string): boolean {
  return new RegExp(`(?<![A-Za-z0-9.-])${literalPattern(job)}(?![A-Za-z0-9-])`).test(text);
}

/** `kubectl wait … job/migrate`, `k8s-wait-for job migrate`, or the name alone as an argument. */
function asksForJob(text: string, job: string): boolean {
  const name = literalPattern(job);
  return text.trim() === job || new RegExp(`\\bjobs?(?:\\.batch)?[/ ]+["']?${name}(?![A-Za-z0-9-])`, 'i').test(text);
}
