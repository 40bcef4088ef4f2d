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

Settings stand in \`.stratus.yaml\`. The command line takes the nearest one at or above the folder it runs in (or
\`--config FILE\`), the editor the nearest one at or above the workspace folder; what the file does not say comes from the
editor’s settings.

\`\`\`yaml
lint:
  rules:
    delete-many: error # off, information, warning or error
  protectedContexts: ['*prod*'] # writes that name one are raised by one level
  protectedNamespaces: [kube-system, payments-*]
  kubectl: '1.31' # the release that will run the commands; without it, what any of 1.29 to 1.36 knows is accepted
\`\`\`

Small local manifests that \`kubectl apply\`, \`create\`, \`replace\` and \`delete -f\` name by a literal relative path are
opened, and what they would do is reported on the line of the script. A file that is not there is passed over: scripts
also write the files they apply.

PowerShell, cmd, fish and nushell are not analysed. In steps, fences and Dockerfiles that use them, a line that is one
kubectl command in plain words is checked; other kubectl commands get one note per block.

| Rule | Finds | People | Agents |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}
