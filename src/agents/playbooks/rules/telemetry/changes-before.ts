import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { pointerKey } from '../../../../json/stable-json.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { changedAt } from '../../../../kube/managed-fields.ts';
import type { SettingText } from '../../../../kube/named-hosts.ts';
import { settingTexts } from '../../../../kube/named-hosts.ts';
import { hasMutableTemplate, LAST_APPLIED_FIELD, lastApplied } from '../../../../kube/pod-template.ts';
import { revisionsOf } from '../../../../kube/revisions.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { formerParts } from '../../clues/former-part.ts';
import { goodRevisions } from '../../clues/good-revision.ts';
import { settingChanges } from '../../clues/setting-change.ts';
import { SUSPECT_MS } from '../../clues/suspect-time.ts';
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

/** An entry of a ConfigMap that was changed after it was made. */
interface ChangedEntry {
  setting: SettingText;
  key: string;
  at: number;
  by: string;
  /** As it was last applied; null where nobody tells. */
  former: string | null;
}

/** Entries that one write changed stand together: they were meant together, and go back together. */
function settingChange(view: ClusterView, workload: KubeObject): RecentChange[] {
  const writes = new Map<string, ChangedEntry[]>();
  for (const entry of changedEntries(view, workload)) {
    const key = `${entry.setting.object.metadata.name} ${entry.at} ${entry.by}`;
    writes.set(key, [...(writes.get(key) ?? []), entry]);
  }
  return [...writes.values()].map((entries): RecentChange => {
    const { setting, at, by } = entries[0]!;
    const known = entries.flatMap((entry) =>
      entry.former === null ? [] : [{ setting: entry.setting, text: entry.former }],
    );
    const changes = known.length > 0 ? settingChanges(view, known) : null;
    const what = `${namesOf(entries)} of ConfigMap ${setting.object.metadata.name}`;
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
  const seen = new Set<string>();
  return settingTexts(view, workload).flatMap((setting): ChangedEntry[] => {
    const { object, pointer, text } = setting;
    if (object.kind !== 'ConfigMap' || seen.has(`${object.metadata.name} ${pointer}`)) return [];
    seen.add(`${object.metadata.name} ${pointer}`);
    const key = pointerKey(pointer.slice('/data/'.length));
    const changed = changedAt(object, ['data', key]);
    if (!changed || changed.at <= Date.parse(object.metadata.creationTimestamp ?? '') + 1_000) return [];
    const applied: unknown = lastApplied(object)?.data?.[key];
    // Whoever set it to that has put it right.
    if (applied === text) return [];
    const former = typeof applied === 'string' ? applied : null;
    return [{ setting, key, ...changed, former }];
  });
}

function namesOf(entries: readonly ChangedEntry[]): string {
  const names = entries.slice(0, MOST_NAMED).map(({ key }) => key);
  const more = entries.length - names.length;
  return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(' and ');
}

function evidenceOf({ setting, key, former }: ChangedEntry): Evidence[] {
  const { object, field, text } = setting;
  const now = evidence('spec', object, field, untrustedLine(`${key} is ${JSON.stringify(text.slice(0, 120))}`));
  if (former === null) return [now];
  const was = untrustedLine(`${key} was last applied with ${JSON.stringify(former.slice(0, 120))}`);
  return [now, evidence('revision', object, LAST_APPLIED_FIELD, was)];
}
