import { LINT_RULES } from './lint-rules.ts';

const BASE_URL = 'https://github.com/stratus-oncall/stratus/blob/main/docs/rules';

/** The address of a rule's page. */
export function ruleUrl(rule: string): string {
  return `${BASE_URL}/${rule}.md`;
}

/** The page of one rule, as Markdown. `examples` are texts in which it is reported. */
export function rulePage(id: string, examples: readonly string[]): string {
  const info = LINT_RULES[id];
  if (!info) throw new Error(`no rule ${id}`);
  const shown =
    examples.length === 0
      ? ''
      : `\n## Reported\n\n${examples.map((text) => `\`\`\`text\n${text}\n\`\`\`\n`).join('\n')}`;
  const agents = info.agent ? 'Agents’ commands are refused.' : 'Agents’ commands are not affected.';
  return `# ${id}

${info.title}.

${info.why}

| Text written by people | Agents |
| --- | --- |
| ${info.human} | ${info.agent ? 'refused' : 'allowed'} |

${agents} The severity for people can be set in \`.stratus.yaml\` or in the editor’s settings:

\`\`\`yaml
lint:
  rules:
    ${id}: off # or information, warning, error
\`\`\`

One place can be excused by a comment that says why:

\`\`\`sh
# stratus: disable-next-line ${id} -- the reason
\`\`\`
${shown}`;
}

/** The index of all rule pages. */
export function ruleIndex(): string {
  const rows = Object.entries(LINT_RULES)
    .sort(([a], [b]) => a.localeCompare(b, 'en'))
    .map(
      ([id, info]) => `| [${id}](${id}.md) | ${info.title} | ${info.human} | ${info.agent ? 'refused' : 'allowed'} |`,
    );
  return `# Lint rules

| Rule | Finds | People | Agents |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}
