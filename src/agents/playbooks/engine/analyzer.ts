import type { KnownAction } from '../../../domain/action.ts';
import type { EvidenceReads } from '../../../domain/brain.ts';
import type { Evidence, Finding, FindingSeverity, Fix } from '../../../domain/finding.ts';
import type { KubeObject, ObjectRef } from '../../../domain/kube-object.ts';
import { refLabel, refOf } from '../../../domain/kube-object.ts';
import type { Severity } from '../../../domain/severity.ts';
import type { SignalsNow } from '../../../domain/signals-now.ts';
import { argvOf } from './kubectl-commands.ts';
import type { ClusterEvent, ClusterView } from '../../../kube/cluster-view.ts';
import { oneLine } from '../../../text/plain-text.ts';
import { untrustedLine } from '../../../text/redact.ts';

/** The snapshot, and reads beyond it. A rule that can do without the latter does, and reads no more than its finding needs. */
export interface AnalyzerContext extends EvidenceReads {
  view: ClusterView;
  /** What the oracles call unhealthy: where to look, and whether looking beyond the snapshot is worth it. */
  severity: Severity;
  /** What telemetry shows; absent where none is read. */
  signals?: SignalsNow;
  /** Declared actions that can be had; a fix may use allowed ones only. */
  actions: readonly KnownAction[];
}

/** Layers of the chain of causes, deepest first: what goes wrong in one shows in those after it. */
export const LAYERS = ['infrastructure', 'configuration', 'template', 'replicas', 'network', 'symptom'] as const;
export type Layer = (typeof LAYERS)[number];

/** One rule. Analyzers only read; the same snapshot gives the same findings. */
export interface Analyzer {
  /** Also the name of its page under docs/playbooks/. */
  rule: string;
  layer: Layer;
  /** Kinds it looks at; the snapshot reads the union of all rules'. */
  kinds: readonly string[];
  /** What its findings explain, one sentence for people. */
  explains: string;
  /** Why it has no fix where it finds none, for people, without a full stop. */
  unfixed: string;
  /** Its findings are left out where another rule has a fix for the same object: that one knows what is wrong. */
  yields?: true;
  analyze(context: AnalyzerContext): Finding[] | Promise<Finding[]>;
}

export interface FindingDraft {
  rule: string;
  severity: FindingSeverity;
  object: KubeObject | ObjectRef;
  /** What is wrong about the object; part of the id, so it must not contain anything that changes by itself. */
  what: string;
  message: string;
  evidence: Evidence[];
  fixes?: FixDraft[];
  /** Why there is none, where this is known better than the rule's own words say it. */
  unfixed?: string;
  /** See {@link Finding}. */
  beyond?: true;
}

/** A fix before its commands are spelled. */
export type FixDraft = Omit<Fix, 'commands'>;

/** Most facts shown with a finding; analyzers list the strongest first. */
export const MAX_EVIDENCE = 12;

export function makeFinding(draft: FindingDraft): Finding {
  const object = 'metadata' in draft.object ? refOf(draft.object as KubeObject) : (draft.object as ObjectRef);
  const fixes = (draft.fixes ?? []).map((fix) => ({
    ...fix,
    commands: fix.changes.map(argvOf),
    confidence: Math.round(fix.confidence * 100) / 100,
  }));
  return {
    id: oneLine(`${draft.rule}:${refLabel(object)}:${draft.what}`),
    rule: draft.rule,
    severity: draft.severity,
    object,
    message: oneLine(draft.message),
    evidence: draft.evidence.slice(0, MAX_EVIDENCE),
    fixes: distinctFixes(fixes),
    ...(fixes.length === 0 && draft.unfixed ? { unfixed: oneLine(draft.unfixed) } : {}),
    ...(draft.beyond ? { beyond: true } : {}),
  };
}

/** Best first; equal commands are one alternative. */
function distinctFixes(fixes: Fix[]): Fix[] {
  const seen = new Set<string>();
  return fixes
    .sort((a, b) => b.confidence - a.confidence)
    .filter((fix) => {
      const text = JSON.stringify([fix.commands, fix.files ?? []]);
      if (fix.commands.length === 0 || seen.has(text)) return false;
      seen.add(text);
      return true;
    });
}

export function evidence(
  source: Evidence['source'],
  object: KubeObject | ObjectRef,
  field: string | null,
  text: string,
): Evidence {
  const ref = 'metadata' in object ? refOf(object as KubeObject) : (object as ObjectRef);
  return { object: ref, ...(field ? { field } : {}), source, text: oneLine(text) };
}

export function eventEvidence(event: ClusterEvent, about: KubeObject): Evidence {
  const times = event.count > 1 ? ` (${event.count} times)` : '';
  return { object: refOf(about), source: 'event', text: untrustedLine(`${event.reason}${times}: ${event.message}`) };
}
