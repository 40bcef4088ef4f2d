import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import type { ChangedConfig } from '../../clues/settings/changed-config.ts';
import { sameButForNotes } from '../../clues/former/rollback.ts';

/** Longest line of a log in a sentence. */
const LONGEST_LINE = 160;
const KEYS_SHOWN = 3;

/** For the message of a finding: the latest of the changed ConfigMaps and Secrets, and what the container said last. */
export function suspectWords([latest]: readonly ChangedConfig[], said: readonly Evidence[]): string {
  if (!latest) return '';
  const line = said.at(-1)?.text;
  const { kind, metadata } = latest.object;
  return `; ${kind} ${metadata.name}, which it takes, was ${latest.how}${line ? `, and its log says: ${untrustedLine(line, LONGEST_LINE)}` : ''}`;
}

/** Why nothing of a template is put back, where its configuration or nothing but a note in it was changed. */
export function notOfTheTemplate(
  view: ClusterView,
  workload: KubeObject,
  [latest]: readonly ChangedConfig[],
): string | undefined {
  const same = sameButForNotes(view, workload);
  const template =
    same &&
    `revision ${same.number} of its template differs from the present one in nothing but annotations (${same.keys.slice(0, KEYS_SHOWN).join(', ')})`;
  if (!latest) return template ? `${template}: going back to it changes nothing` : undefined;
  const { kind, metadata } = latest.object;
  const rest = kind === 'Secret' ? ' (values of Secrets are never read here)' : '';
  return `${template ?? 'no earlier state of its template is known to have worked'}; ${kind} ${metadata.name}, which it takes, was changed lately: whoever changed it can say whether what it holds is right${rest}`;
}
