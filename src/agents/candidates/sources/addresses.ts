import { literalPattern } from '../../../text/literal-pattern.ts';
import { changedObject } from '../../../domain/change.ts';
import type { KubeObject } from '../../../domain/kube-object.ts';
import { refOf, refKey } from '../../../domain/kube-object.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { refTo } from '../../../kube/cluster-view.ts';
import { lacksPort } from '../../../kube/dead-calls.ts';
import type { MeantService, NamedHost } from '../../../kube/named-hosts.ts';
import { namedHosts, serviceMeant } from '../../../kube/named-hosts.ts';
import { servicePorts } from '../../../kube/service-backends.ts';
import { missingServiceFixes } from '../../playbooks/clues/services/missing-service-fixes.ts';
import { nameSimilarity } from '../../playbooks/clues/names/similar-names.ts';
import { settingChanges } from '../../playbooks/clues/settings/setting-change.ts';
import type { FixDraft } from '../../playbooks/engine/analyzer.ts';
import { evidence } from '../../playbooks/engine/analyzer.ts';
import { jsonPatch } from '../../playbooks/engine/changes.ts';
import type { ActionDraft, CauseDraft, Scene } from '../scene/draft.ts';
import { nameOf } from '../scene/draft.ts';
import { isOwnNamespace } from '../scene/own-namespace.ts';
import { setAt } from '../scene/template-patch.ts';

/** Names offered in place of one that leads nowhere. */
const MAX_NAMES = 3;

/** Settings that name a Service that does not exist, or a port that the Service does not have. */
export function addresses({ view }: Scene): CauseDraft[] {
  if (!view.known('Service')) return [];
  const byCall = Map.groupBy(
    namedHosts(view).filter((each) => each.address),
    ({ host, port, from }) => JSON.stringify([host, port, from.metadata.namespace]),
  );
  return [...byCall.values()].flatMap((references): CauseDraft[] => {
    const [{ host, port, from }] = references as [NamedHost];
    const meant = serviceMeant(view, host, from.metadata.namespace);
    if (!meant || !view.inScope(meant.namespace)) return [];
    const service = view.find('Service', meant.namespace, meant.name);
    if (service && port !== null && lacksPort(service, port)) return [wrongPort(view, references, service, port)];
    return service || port === null ? [] : missing(view, references, meant);
  });
}

function missing(view: ClusterView, references: NamedHost[], meant: MeantService): CauseDraft[] {
  const { host } = references[0]!;
  const { name, namespace } = meant;
  const known = missingServiceFixes(view, { meant, references, elsewhere: elsewhere(view, meant) });
  const like = view
    .all('Service', namespace)
    .map(({ metadata }) => ({ other: metadata.name, likeness: nameSimilarity(name, metadata.name) }))
    .filter(({ likeness }) => likeness > 0)
    .sort((a, b) => b.likeness - a.likeness || (a.other < b.other ? -1 : 1))
    .slice(0, MAX_NAMES)
    .flatMap(({ other, likeness }) => {
      const labels = host.split('.');
      labels[labels.indexOf(name)] = other;
      return rewritten(view, references, host, labels.join('.'), 0.25 + 0.4 * likeness);
    });
  const actions = [...known.fixes.map((fix) => ofFix(fix, meant)), ...like];
  const who = whoOf(references);
  // A word before a port may be something else than a host: then little speaks for a Service of that name.
  if (actions.length === 0 && !references.some(({ text }) => text.includes('://'))) return [];
  const text = `${who} asks ${host}, but there is no Service ${name} in namespace ${namespace}`;
  return [
    {
      object: refTo('Service', 'v1', namespace, name),
      what: 'missing',
      text,
      evidence: [
        ...references.slice(0, 3).map(({ object, field }) => evidence('spec', object, field, `names ${host}`)),
        ...known.reasons.slice(0, 3),
      ],
      score: actions.length > 0 ? 0.8 : 0.55,
      actions,
    },
  ];
}

function elsewhere(view: ClusterView, { name, namespace }: MeantService): KubeObject[] {
  return view.all('Service').filter(({ metadata }) => metadata.name === name && metadata.namespace !== namespace);
}

function ofFix({ changes, files, expects, confidence }: FixDraft, { name }: MeantService): ActionDraft {
  const created = changes.some(({ type }) => type === 'create');
  const objects = [...new Set(changes.flatMap((change) => changedObject(change)?.name ?? []))];
  return {
    changes,
    ...(files ? { files } : {}),
    text: created ? `create Service ${name}: ${expects}` : `change the address in ${objects.join(', ')}: ${expects}`,
    origin: created ? 'sibling' : 'reference',
    score: confidence,
    expects,
  };
}

function wrongPort(view: ClusterView, references: NamedHost[], service: KubeObject, port: number): CauseDraft {
  const ports = servicePorts(service);
  const { host } = references[0]!;
  const numbers = ports.map(({ number }) => number);
  const actions = [
    ...ports.slice(0, MAX_NAMES).flatMap(({ number, target }) => {
      const score = target === port ? 0.85 : ports.length === 1 ? 0.8 : 0.55;
      return rewritten(view, references, `${host}:${port}`, `${host}:${number}`, score);
    }),
    ...(isOwnNamespace(view, service) ? ports.slice(0, MAX_NAMES) : []).map((own): ActionDraft => ({
      changes: [jsonPatch(service, setAt(`/spec/ports/${own.index}/port`, own.number, port))],
      text: `set port of Service ${service.metadata.name}: ${own.number} → ${port}, the one that ${whoOf(references)} asks`,
      origin: 'reference',
      score: ports.length === 1 ? 0.65 : 0.4,
      expects: `Service ${service.metadata.name} answers on port ${port}`,
    })),
  ];
  const text = `${whoOf(references)} asks port ${port} of Service ${service.metadata.name}, which has ${numbers.join(', ')}`;
  return {
    object: service,
    what: `port ${port}`,
    text,
    evidence: [
      ...references.slice(0, 3).map(({ object, field }) => evidence('spec', object, field, `names ${host}:${port}`)),
      evidence('spec', service, 'spec.ports', `has ${numbers.join(', ')}`),
    ],
    score: 0.8,
    actions,
  };
}

/** All the places at which `from` is written, with `to` in its place; none where one of them cannot be changed. */
function rewritten(view: ClusterView, references: NamedHost[], from: string, to: string, score: number): ActionDraft[] {
  const pattern = new RegExp(`(?<![A-Za-z0-9._-])${literalPattern(from)}(?![A-Za-z0-9_-])`, 'g');
  const places = new Map(references.map((each) => [`${refKey(refOf(each.object))}${each.pointer}`, each]));
  const texts = [...places.values()].map((setting) => ({ setting, text: setting.text.replaceAll(pattern, to) }));
  if (from === to || texts.some(({ setting, text }) => setting.text === text)) return [];
  const changes = settingChanges(view, texts);
  if (!changes || changes.length === 0) return [];
  const { object, field, variable } = references[0]!;
  return [
    {
      changes,
      text: `point ${variable ?? field} of ${nameOf(object)} at ${to} in place of ${from}`,
      origin: 'reference',
      score,
      expects: `${whoOf(references)} asks ${to}`,
    },
  ];
}

function whoOf(references: readonly NamedHost[]): string {
  const names = [...new Set(references.map(({ from }) => nameOf(from)))];
  return names.slice(0, 2).join(', ') + (names.length > 2 ? ` and ${names.length - 2} more` : '');
}
