import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { pointerToken, stableJson } from '../../../../json/stable-json.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { changedAt } from '../../../../kube/managed-fields.ts';
import { configReferences } from '../../../../kube/config-references.ts';
import { hasMutableTemplate, LAST_APPLIED_FIELD, lastApplied, podTemplateOf } from '../../../../kube/pod-template.ts';
import { revisionsOf } from '../../../../kube/revisions.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { formerParts } from '../../clues/former/former-part.ts';
import { goodRevisions } from '../../clues/former/good-revision.ts';
import { entryChanges } from '../../clues/settings/setting-change.ts';
import { SUSPECT_MS } from '../../clues/pods/suspect-time.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import { evidence } from '../../engine/analyzer.ts';
import { rolloutUndo } from '../../engine/changes.ts';

/** A change of a workload, or of what it reads. */
export interface RecentChange {
  /** Milliseconds since the epoch, at the latest. */
  at: number;
  /** What was changed, for people: `its template (revision 4)`. */
  what: string;
  reasons: Evidence[];
  /** The way back, without a confidence of its own; empty where nothing keeps what was before. */
  back: Omit<FixDraft, 'confidence'>[];
  /** 0..1: how surely the way back leads to what was well. */
  trust: number;
}

/** What began is told by samples: it may stand a little before its cause. */
const SAMPLE_MS = 90_000;

/**
 * Changes that may have brought some of what began at these times (milliseconds since the epoch), and how long before the
 * nearest of it they came. What was going on already says nothing against a change that made it worse.
 */
export function suspectChanges(
  view: ClusterView,
  workload: KubeObject,
  begins: readonly number[],
): { change: RecentChange; before: number }[] {
  return changesOf(view, workload).flatMap((change) => {
    const befores = begins
      .map((began) => began - change.at)
      .filter((before) => before >= -SAMPLE_MS && before <= SUSPECT_MS);
    return befores.length > 0 ? [{ change, before: Math.min(...befores) }] : [];
  });
}

/** The last change of the pod template, and those of entries of ConfigMaps that the workload reads. */
function changesOf(view: ClusterView, workload: KubeObject): RecentChange[] {
  return [...templateChange(view, workload), ...settingChange(view, workload)];
}

function templateChange(view: ClusterView, workload: KubeObject): RecentChange[] {
  if (!hasMutableTemplate(workload)) return [];
  const current = revisionsOf(view, workload).find((revision) => revision.current);
  const at = Date.parse(current?.source.metadata.creationTimestamp ?? '');
  const [good] = goodRevisions(view, workload);
  if (!current || Number.isNaN(at) || !good) return [];
  // A restart makes a revision, too, and changes nothing that could go back.
  if (stableJson(current.template.spec) === stableJson(good.revision.template.spec)) return [];
  // A rollback makes an old revision current again: when, only its manager tells.
  const written = changedAt(workload, ['spec', 'template']);
  const when = current.earlierNumbers.length > 0 && written ? Math.max(at, written.at) : at;
  const [before] = formerParts(view, workload, () => true);
  const { kind, metadata } = workload;
  return [
    {
      at: when,
      what: `its pod template (revision ${current.number}${written?.by ? `, by ${written.by}` : ''})`,
      reasons: [...(before ? [before.evidence] : []), good.evidence],
      back: [
        {
          changes: [rolloutUndo(workload, good.revision.number)],
          expects: `${kind} ${metadata.name} runs its revision ${good.revision.number} again, and what began after it is over`,
        },
      ],
      trust: good.trust,
    },
  ];
}

/** An entry of a ConfigMap that came, went or was changed after the ConfigMap was made. */
interface ChangedEntry {
  map: KubeObject;
  key: string;
  at: number;
  by: string;
  now: string | undefined;
  /** As it was last applied: undefined where it was not there, null where nobody tells. */
  former: string | undefined | null;
}

/** Entries that one write changed stand together: they were meant together, and go back together. */
function settingChange(view: ClusterView, workload: KubeObject): RecentChange[] {
  const writes = new Map<string, ChangedEntry[]>();
  for (const entry of changedEntries(view, workload)) {
    const key = `${entry.map.metadata.name} ${entry.at} ${entry.by}`;
    writes.set(key, [...(writes.get(key) ?? []), entry]);
  }
  return [...writes.values()].map((entries): RecentChange => {
    const { map, at, by } = entries[0]!;
    const known = entries.flatMap(({ key, now, former }) =>
      former === null ? [] : [{ pointer: `/data/${pointerToken(key)}`, now, before: former }],
    );
    const changes = known.length > 0 ? entryChanges(view, map, known) : null;
    const what = `${namesOf(entries)} of ConfigMap ${map.metadata.name}`;
    return {
      at,
      what: `${what}${by ? `, by ${by}` : ''}`,
      reasons: entries.slice(0, MOST_NAMED).flatMap(evidenceOf),
      back: changes
        ? [{ changes, expects: `${what} is again what was last applied, and what began after it is over` }]
        : [],
      trust: 0.95,
    };
  });
}

const MOST_NAMED = 3;

function changedEntries(view: ClusterView, workload: KubeObject): ChangedEntry[] {
  const read = configReferences(podTemplateOf(workload)?.spec ?? {}).filter(({ kind }) => kind === 'ConfigMap');
  return [...Map.groupBy(read, ({ name }) => name)].flatMap(([name, references]): ChangedEntry[] => {
    const map = view.find('ConfigMap', workload.metadata.namespace, name);
    if (!map) return [];
    const isRead = (key: string): boolean => references.some((one) => one.key === null || one.key === key);
    const data = (map['data'] ?? {}) as Record<string, string>;
    const applied = lastApplied(map) ? ((lastApplied(map).data ?? {}) as Record<string, unknown>) : null;
    return [...new Set([...Object.keys(data), ...Object.keys(applied ?? {})])].filter(isRead).flatMap((key) => {
      const [now, before] = [data[key], applied?.[key]];
      // Whoever set it to that has put it right.
      if (applied && before === now) return [];
      // Of what went, only the map that held it has a time.
      const changed = changedAt(map, now === undefined ? ['data'] : ['data', key]);
      if (!changed || changed.at <= Date.parse(map.metadata.creationTimestamp ?? '') + 1_000) return [];
      const former = !applied ? null : typeof before === 'string' ? before : undefined;
      return [{ map, key, ...changed, now, former }];
    });
  });
}

function namesOf(entries: readonly ChangedEntry[]): string {
  const names = entries.slice(0, MOST_NAMED).map(({ key }) => key);
  const more = entries.length - names.length;
  return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(' and ');
}

function evidenceOf({ map, key, now, former }: ChangedEntry): Evidence[] {
  const field = `data["${key}"]`;
  const quoted = (text: string | undefined): string => JSON.stringify(text?.slice(0, 120));
  const is = now === undefined ? `${key} is not there` : `${key} is ${quoted(now)}`;
  const present = evidence('spec', map, field, untrustedLine(is));
  if (former === null) return [present];
  const was = former === undefined ? `${key} was not applied` : `${key} was last applied with ${quoted(former)}`;
  return [present, evidence('revision', map, LAST_APPLIED_FIELD, untrustedLine(was))];
}
