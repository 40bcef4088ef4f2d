import type { PlanFile } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import type { MeantService, NamedHost } from '../../../../kube/named-hosts.ts';
import { namedHosts, serviceMeant } from '../../../../kube/named-hosts.ts';
import { hasMutableTemplate, podTemplateOf } from '../../../../kube/pod-template.ts';
import { portKnowledge } from '../../../../kube/port-knowledge.ts';
import type { Alternatives } from '../settings/former-setting.ts';
import { formerSettings, NONE } from '../settings/former-setting.ts';
import { renamedServices } from './renamed-service.ts';
import type { Successor } from './successor-service.ts';
import { hasHost, settingChanges } from '../settings/setting-change.ts';
import { createFromFile } from '../../engine/changes.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import { evidence } from '../../engine/analyzer.ts';

/** A Service that is named and does not exist. */
export interface MissingService {
  meant: MeantService;
  /** Where it is named; empty where only logs name it. */
  references: NamedHost[];
  /** Services of that name in other namespaces. */
  elsewhere: KubeObject[];
  /** Who took its place, where that is proven. */
  successor?: Successor | null;
}

/** Ways to bring a name and a Service together again: the former setting, the Service's new name, the Service itself. */
export function missingServiceFixes(view: ClusterView, missing: MissingService): Alternatives {
  const parts = [
    formerSettings(view, missing.references, (text, { host }) => hasHost(text, host)),
    ...renamed(view, missing),
    succeeded(view, missing),
    elsewhere(view, missing),
    recreated(view, missing),
  ];
  return { fixes: parts.flatMap(({ fixes }) => fixes), reasons: parts.flatMap(({ reasons }) => reasons) };
}

/** The same Service under the name that it has now. */
function renamed(view: ClusterView, { meant, references }: MissingService): Alternatives[] {
  if (references.length === 0 || !view.inScope(meant.namespace)) return [];
  return renamedServices(view, meant.namespace, meant.name, references)
    .slice(0, 2)
    .map(({ service, confidence, reasons }) => {
      const to = service.metadata.name;
      return { fixes: pointedTo(view, references, meant, to, meant.namespace, confidence), reasons };
    });
}

function succeeded(view: ClusterView, { meant, references, successor }: MissingService): Alternatives {
  if (!successor || references.length === 0) return NONE;
  const { service, confidence, reasons } = successor;
  return {
    fixes: pointedTo(view, references, meant, service.metadata.name, meant.namespace, confidence),
    reasons,
  };
}

function pointedTo(
  view: ClusterView,
  references: readonly NamedHost[],
  meant: MeantService,
  name: string,
  namespace: string,
  confidence: number,
): FixDraft[] {
  const byPlace = new Map<string, NamedHost[]>();
  for (const reference of references) {
    const key = JSON.stringify([reference.object.kind, reference.object.metadata.name, reference.pointer]);
    const known = byPlace.get(key) ?? [];
    // Two containers that take one entry name the same place twice.
    if (!known.some(({ at }) => at === reference.at)) byPlace.set(key, [...known, reference]);
  }
  const texts = [...byPlace.values()].map((places) => ({
    setting: places[0]!,
    text: places
      .sort((a, b) => b.at - a.at)
      .reduce((text, { host, at, from }) => {
        const instead = rehosted(host, meant, name, namespace, from.metadata.namespace);
        return text.slice(0, at) + instead + text.slice(at + host.length);
      }, places[0]!.text),
  }));
  if (texts.some(({ setting, text }) => text === setting.text)) return [];
  const changes = settingChanges(view, texts);
  if (!changes) return [];
  const who = [...new Set(references.map(({ from }) => `${from.kind} ${from.metadata.name}`))].join(', ');
  const where = references.every(({ from }) => from.metadata.namespace === namespace) ? name : `${name}.${namespace}`;
  return [{ changes, expects: `${who} asks Service ${where}`, confidence }];
}

function rehosted(host: string, meant: MeantService, name: string, namespace: string, own: string | undefined): string {
  const labels = host.split('.');
  const at = meant.qualified && labels.includes('svc') ? labels.indexOf('svc') - 2 : labels.indexOf(meant.name);
  labels[at] = name;
  if (meant.qualified) labels[at + 1] = namespace;
  else if (namespace !== own) labels.splice(at + 1, 0, namespace, 'svc');
  return labels.join('.');
}

/** The Service exists in another namespace than the one that the name leads to. */
function elsewhere(view: ClusterView, { meant, references, elsewhere: found }: MissingService): Alternatives {
  const [only] = found;
  if (!only || found.length > 1 || references.length === 0) return NONE;
  const namespace = only.metadata.namespace!;
  const text = `a Service ${meant.name} exists in namespace ${namespace}`;
  return {
    fixes: pointedTo(view, references, meant, meant.name, namespace, 0.8),
    reasons: [evidence('sibling', only, 'metadata.namespace', text)],
  };
}

/** The Service anew: in front of the workload that its name, or the StatefulSet's serviceName, means. */
function recreated(view: ClusterView, { meant, references }: MissingService): Alternatives {
  if (!view.inScope(meant.namespace)) return NONE;
  const [twin] = references.length > 0 ? renamedServices(view, meant.namespace, meant.name, references) : [];
  const asked = [...new Set(references.flatMap(({ port }) => port ?? []))];
  const behind = twin ? null : workloadMeant(view, meant, asked);
  const spec = twin ? specLike(twin.service) : behind && specFor(behind.workload, meant, references);
  if (!spec) return NONE;
  const file: PlanFile = { name: `service-${meant.name}.json`, content: manifest(meant, spec) };
  const source = twin?.service ?? behind!.workload;
  const text = twin
    ? `Service ${twin.service.metadata.name} has the selector and ports that it would have`
    : `${source.kind} ${source.metadata.name} is what a Service of this name most likely led to`;
  return {
    fixes: [
      {
        changes: [createFromFile(file.name, meant.namespace)],
        files: [file],
        expects: `Service ${meant.name} exists again and leads to the pods of ${source.kind} ${source.metadata.name}`,
        confidence: twin ? 0.5 * twin.confidence : behind!.confidence,
      },
    ],
    reasons: [evidence('sibling', source, 'metadata.name', text)],
  };
}

interface Behind {
  workload: KubeObject;
  confidence: number;
}

/**
 * The one workload that no Service leads to and that bears the name, has its pods labelled with it, shares a word of it
 * and has the port, or alone has the port; a StatefulSet also where others lead to it.
 */
function workloadMeant(view: ClusterView, { name, namespace }: MeantService, ports: number[]): Behind | null {
  const here = view.workloads().filter((each) => each.metadata.namespace === namespace && hasMutableTemplate(each));
  const set = here.filter(({ kind, spec }) => kind === 'StatefulSet' && spec?.serviceName === name);
  const idle = here.filter((each) => view.servicesSelecting(namespace, podTemplateOf(each)?.labels).length === 0);
  const words = name.split('-').filter((word) => word.length >= 3);
  const listening = idle.filter((each) => {
    const { ports: known } = portKnowledge(podTemplateOf(each)?.spec);
    return ports.length > 0 && ports.every((port) => known.some(({ number }) => number === port));
  });
  const choices: [KubeObject[], number][] = [
    [set, 0.88],
    [idle.filter(({ metadata }) => metadata.name === name), 0.85],
    [idle.filter((each) => Object.values(podTemplateOf(each)?.labels ?? {}).includes(name)), 0.8],
    [listening.filter(({ metadata }) => metadata.name.split('-').some((word) => words.includes(word))), 0.75],
    [listening, 0.5],
  ];
  const [list, confidence] = choices.find(([found]) => found.length > 0) ?? [[], 0];
  return list.length === 1 ? { workload: list[0]!, confidence } : null;
}

function specFor(workload: KubeObject, meant: MeantService, references: readonly NamedHost[]): object | null {
  const selector = workload.spec?.selector?.matchLabels as Record<string, string> | undefined;
  if (!selector || Object.keys(selector).length === 0) return null;
  const { ports: known } = portKnowledge(podTemplateOf(workload)!.spec);
  const declared = known.filter(({ declared: isDeclared, probe }) => isDeclared || probe);
  const asked = [...new Set(references.flatMap(({ port }) => port ?? []))];
  const numbers = asked.length > 0 ? asked : declared.map(({ number }) => number);
  const ports = numbers.flatMap((port) => {
    const own = declared.find(({ number }) => number === port) ?? (declared.length === 1 ? declared[0] : undefined);
    return own ? { name: own.name ?? `port-${port}`, port, targetPort: own.number, protocol: own.protocol } : [];
  });
  if (ports.length < numbers.length || ports.length === 0) return null;
  const headless = workload.kind === 'StatefulSet' && workload.spec?.serviceName === meant.name;
  // Peers that look for each other before they are ready find no address otherwise.
  const peers = references.some(({ from }) => from === workload);
  return {
    selector,
    ports,
    ...(headless ? { clusterIP: 'None' } : {}),
    ...(headless && peers ? { publishNotReadyAddresses: true } : {}),
  };
}

/** What a Service says apart from the addresses that are its own. */
function specLike(service: KubeObject): object {
  const { selector, ports, type, externalName, clusterIP, publishNotReadyAddresses, sessionAffinity } =
    service.spec ?? {};
  const list = ((ports ?? []) as Record<string, unknown>[]).map(({ nodePort: _own, ...port }) => port);
  return {
    ...(type === 'ExternalName' ? { type, externalName } : {}),
    ...(selector ? { selector } : {}),
    ...(list.length > 0 ? { ports: list } : {}),
    ...(clusterIP === 'None' ? { clusterIP } : {}),
    ...(publishNotReadyAddresses ? { publishNotReadyAddresses } : {}),
    ...(sessionAffinity && sessionAffinity !== 'None' ? { sessionAffinity } : {}),
  };
}

function manifest({ name, namespace }: MeantService, spec: object): string {
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec }, null, 2)}\n`;
}

/** Where settings name a Service. A mere word counts only in a text that has no address of it. */
export function namedFor(view: ClusterView, meant: MeantService, counts: (host: NamedHost) => boolean): NamedHost[] {
  const found = namedHosts(view).filter((each) => {
    const other = serviceMeant(view, each.host, each.from.metadata.namespace);
    return other?.name === meant.name && other.namespace === meant.namespace && counts(each);
  });
  const strong = new Set(found.filter(({ address }) => address).map(({ text }) => text));
  return found.filter(({ address, text }) => address || !strong.has(text));
}
