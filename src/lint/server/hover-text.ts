import { oneLine } from '../../text/plain-text.ts';
import { DYNAMIC } from '../../kubectl/flag-values.ts';
import type { CommandEffect } from '../../kubectl/effect.ts';
import type { DryRunTruth, EffectClass, UndoStrategy } from '../../kubectl/effect-table.ts';
import { COMMAND_RULES } from '../../kubectl/rules.ts';
import type { JudgedCall } from '../judge-call.ts';
import { ruleLink } from '../rule-docs.ts';

const EFFECT_TEXT: Readonly<Record<EffectClass, string>> = {
  read: 'reads the cluster',
  virtual: 'changes nothing: the server only answers a question',
  write: 'changes objects',
  irreversible: 'changes something that cannot be brought back',
  interactive: 'needs a person at a terminal',
  local: 'touches only this machine',
  execute: 'runs code or opens a stream outside the API’s control',
};

const UNDO_TEXT: Readonly<Record<UndoStrategy, string>> = {
  'nothing-to-undo': 'nothing to undo',
  'delete-created': 'the created object is deleted again',
  'restore-object': 'the object is put back as it was',
  'restore-scale-target': 'the autoscaler is deleted and its target gets its replicas back',
  'restore-node': 'the node’s labels, taints and schedulability are put back',
  uncordon: 'the node is made schedulable again; pods do not move back',
  recreate: 'the object is created again, with a new uid',
  'recreated-by-controller': 'a controller makes a new pod; a bare pod is created again with a new uid',
  impossible: 'cannot be undone',
};

const DRY_RUN_TEXT: Readonly<Record<DryRunTruth, string>> = {
  works: '`--dry-run=server` works',
  absent: 'there is no `--dry-run`; rehearse it through Stratus',
  rejected: 'server dry run is refused by kubectl',
  lies: '`--dry-run` is ignored: it really writes',
  'not-needed': 'no dry run needed',
};

/** Words of a script must not become markup, nor turn what is beside them round. */
const clean = (text: string): string =>
  oneLine(text.replaceAll(DYNAMIC, '…'), 1_000).replace(/[`\\<>[\]*_|!#]/g, '\\$&');

function whatItDoes({ class: kind, writes, undo }: CommandEffect): string {
  const text = EFFECT_TEXT[kind];
  if (kind !== 'write' || !writes) return text;
  return undo === 'impossible' ? `${text}; this cannot be undone` : `${text}; can be undone`;
}

/** What a kubectl command does, as Markdown; undefined if nothing is known about it. */
export function hoverText({ judgement }: JudgedCall): string | undefined {
  const { parsed, effect, problems } = judgement;
  if (!parsed.ok) return `**kubectl**: ${clean(parsed.message)}`;
  if (!effect) return undefined;
  const lines = [`**kubectl ${clean(effect.command)}** ${whatItDoes(effect)}`, ''];
  if (effect.dryRun !== 'none') lines.push(`- dry run (${effect.dryRun}): nothing is changed`);
  if (effect.writes) lines.push(`- undo: ${UNDO_TEXT[effect.undo]}`, `- ${DRY_RUN_TEXT[effect.dryRunTruth]}`);
  if (effect.hang)
    lines.push(`- may hang: ${effect.hang.why}${effect.hang.bound ? `; add \`${effect.hang.bound}\`` : ''}`);
  for (const problem of problems.slice(0, 5)) {
    const refused = COMMAND_RULES[problem.rule].agent ? ' (refused for agents)' : '';
    lines.push(`- [${problem.rule}](${ruleLink(problem.rule)})${refused}: ${clean(problem.message)}`);
  }
  return lines.join('\n');
}
