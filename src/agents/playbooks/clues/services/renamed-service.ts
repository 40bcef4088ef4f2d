import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { lastChange } from '../../../../kube/managed-fields.ts';
import type { NamedHost } from '../../../../kube/named-hosts.ts';
import { referencesTo, usersOf } from '../../../../kube/references-to-service.ts';
import { servicePorts } from '../../../../kube/service-backends.ts';
import { evidence } from '../../engine/analyzer.ts';
import { areMembers } from '../names/family.ts';
import { isSameProgram, nameSimilarity } from '../names/similar-names.ts';

/** A Service that may be what a name once stood for. */
export interface RenamedService {
  service: KubeObject;
  /** 0..1 */
  confidence: number;
  reasons: Evidence[];
}

/** A name leads users to other pods, so that a mere resemblance of one word is not enough. */
const ENOUGH = 0.4;
/** What makes an object may write it in more than one request. */
const EDITED_MS = 2_000;
/** Two that the evidence cannot tell apart are both less certain. */
const LEAD = 0.1;

/**
 * Services of a namespace that most likely are the one which `name` meant: by the port that is asked for, the words of
 * the name, who made it when, and whether somebody else asks it. Best first.
 */
export function renamedServices(
  view: ClusterView,
  namespace: string,
  name: string,
  references: readonly Pick<NamedHost, 'from' | 'object' | 'port' | 'variable' | 'pointer'>[],
): RenamedService[] {
  const entitled = entitledService(view, namespace, name, references);
  const asked = [...new Set(references.flatMap(({ port }) => port ?? []))];
  const callers = new Set(references.map(({ from }) => from));
  const settled = Math.max(...references.map(({ object }) => lastChange(object)?.at ?? 0));
  const list = view.all('Service', namespace).flatMap((service): RenamedService[] => {
    if (service.metadata.deletionTimestamp || service.metadata.name === name) return [];
    const behind = view.workloadsBehind(service);
    if (behind.some((workload) => callers.has(workload))) return [];
    const ports = servicePorts(service).map(({ number }) => number);
    if (asked.some((port) => !ports.includes(port)) && service.spec?.type !== 'ExternalName') return [];
    const reasons: Evidence[] = [];
    let confidence = 0;
    const add = (weight: number, reason: Evidence): void => {
      confidence += weight;
      reasons.push(reason);
    };
    const other = service.metadata.name;
    const close = nameSimilarity(name, other);
    const shared = sharedWords(view, namespace, name, other);
    if (close >= 0.7)
      add(0.25 + 0.4 * close, evidence('sibling', service, 'metadata.name', `${other} is close to ${name}`));
    else if (shared.length > 0)
      add(0.25, evidence('sibling', service, 'metadata.name', `${other} and ${name} share ${shared.join(', ')}`));
    const affixed = isAffixed(name, other, references);
    if (affixed) {
      const text = `${other} is ${name} with what the names of all that ask for it have, too`;
      add(0.5, evidence('sibling', service, 'metadata.name', text));
    }
    const named = behind.find(({ metadata }) => metadata.name === name || wordsOf(name).includes(metadata.name));
    if (named) {
      const text = `it selects the pods of ${named.kind} ${named.metadata.name}`;
      add(0.25, evidence('sibling', service, 'spec.selector', text));
    }
    const created = Date.parse(service.metadata.creationTimestamp ?? '');
    const younger = created > settled && settled > 0;
    // A Service of its own workload's name was there before for that workload: words in common do not make it another's.
    const isOfItsOwn = behind.some(({ metadata }) => metadata.name === other) || areMembers(name, other);
    if (isOfItsOwn && !affixed && !named && !younger && service !== entitled && !isSameProgram(name, other)) return [];
    if (service === entitled) {
      const [first] = references;
      add(0.45, evidence('spec', first!.object, titleOf(first!), `the setting is called after Service ${other}`));
    }
    // Likeness makes a candidate; what follows only tells candidates apart.
    if (confidence === 0) return [];
    if (asked.length > 0) add(0.2, evidence('sibling', service, 'spec.ports', `it serves port ${asked.join(', ')}`));
    if (younger) add(0.2, evidence('sibling', service, 'metadata.creationTimestamp', 'it is younger than the setting'));
    if (referencesTo(view, service).length === 0)
      add(0.1, evidence('sibling', service, null, 'nobody else is told to ask it'));
    return [{ service, confidence: Math.min(0.9, confidence), reasons }];
  });
  if (list.length === 0) return orphanedService(view, namespace, asked, references);
  list.sort((a, b) => b.confidence - a.confidence || (a.service.metadata.name < b.service.metadata.name ? -1 : 1));
  const lead = (list[0]?.confidence ?? 0) - (list[1]?.confidence ?? 0);
  const factor = list.length > 1 && lead < LEAD ? 0.6 : 1;
  return list
    .map((each) => ({ ...each, confidence: each.confidence * factor }))
    .filter(({ confidence }) => confidence >= ENOUGH);
}

/** What a stage, a release or a tenant puts before or after the names of all its objects. */
function isAffixed(name: string, other: string, references: readonly Pick<NamedHost, 'from'>[]): boolean {
  const before = other.endsWith(`-${name}`) ? other.slice(0, -name.length) : null;
  const after = other.startsWith(`${name}-`) ? other.slice(name.length) : null;
  return (
    references.length > 0 &&
    references.every(
      ({ from: { metadata } }) =>
        (before !== null && metadata.name.startsWith(before)) || (after !== null && metadata.name.endsWith(after)),
    )
  );
}

const wordsOf = (name: string): string[] => name.split('-').filter((word) => word.length >= 3);

/** Below every other way to tell. */
const ORPHANED = 0.45;

/**
 * The one Service that serves the port and that nobody leads requests to, where the settings were edited after they were
 * made: whoever edited them took its only user away.
 */
function orphanedService(
  view: ClusterView,
  namespace: string,
  asked: number[],
  references: readonly Pick<NamedHost, 'from' | 'object'>[],
): RenamedService[] {
  const edited = references.every(({ object }) => {
    const created = Date.parse(object.metadata.creationTimestamp ?? '');
    return object.kind === 'ConfigMap' && (lastChange(object)?.at ?? 0) > created + EDITED_MS;
  });
  if (!edited || asked.length === 0) return [];
  const orphans = view.all('Service', namespace).filter((service) => {
    const behind = view.workloadsBehind(service);
    const ports = servicePorts(service).map(({ number }) => number);
    return (
      !service.metadata.deletionTimestamp &&
      behind.length > 0 &&
      !behind.some((workload) => references.some(({ from }) => from === workload)) &&
      asked.every((port) => ports.includes(port)) &&
      usersOf(view, service).length === 0
    );
  });
  const [service] = orphans;
  if (!service || orphans.length > 1) return [];
  const text = `it alone serves port ${asked.join(', ')} and is asked by nobody, and the setting was edited after it was made`;
  return [{ service, confidence: ORPHANED, reasons: [evidence('sibling', service, 'spec.ports', text)] }];
}

/** What a setting is called: its variable, or the entry of its ConfigMap. */
function titleOf({ variable, pointer }: Pick<NamedHost, 'variable' | 'pointer'>): string {
  return variable ?? (pointer.startsWith('/data/') ? pointer.slice('/data/'.length) : '');
}

/** The one Service after which all settings that hold the name are called, as `LEDGER_URL` after `ledger`. */
export function entitledService(
  view: ClusterView,
  namespace: string,
  name: string,
  references: readonly Pick<NamedHost, 'variable' | 'pointer'>[],
): KubeObject | null {
  if (references.length === 0) return null;
  const titles = references.map(
    (each) =>
      `-${titleOf(each)
        .toLowerCase()
        .split(/[^a-z0-9]+/)
        .join('-')}-`,
  );
  if (titles.some((title) => title.includes(`-${name}-`))) return null;
  const fitting = view
    .all('Service', namespace)
    .filter(({ metadata }) => metadata.name !== name && titles.every((title) => title.includes(`-${metadata.name}-`)))
    .sort((a, b) => b.metadata.name.length - a.metadata.name.length);
  const [first, second] = fitting;
  return first && first.metadata.name.length > (second?.metadata.name.length ?? 0) ? first : null;
}

/** Words that both names hold and that are no common ones of the namespace. */
function sharedWords(view: ClusterView, namespace: string, name: string, other: string): string[] {
  const services = view.all('Service', namespace);
  return wordsOf(name).filter((word) => {
    if (!wordsOf(other).includes(word)) return false;
    const holders = services.filter(({ metadata }) => wordsOf(metadata.name).includes(word)).length;
    return holders === 1 || holders <= services.length / 4;
  });
}
