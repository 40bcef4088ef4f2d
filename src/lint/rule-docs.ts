import { LINT_RULES } from './lint-rules.ts';

/** The editor's command that opens a page of the documentation in the package; its argument is the rule. */
export const DOCS_COMMAND = 'stratus.openDocs';

/** A link that opens a rule's page in the editor, without a network. */
export function ruleLink(rule: string): string {
  return `command:${DOCS_COMMAND}?${encodeURIComponent(JSON.stringify([rule]))}`;
}

/** A text in which a rule is reported, or for which an agent is refused. */
export interface RuleExample {
  text: string;
  language: string;
  audience: 'human' | 'agent';
  severity: string;
}

/** The page of one rule, as Markdown. */
export function rulePage(id: string, examples: readonly RuleExample[]): string {
  const info = LINT_RULES[id];
  if (!info) throw new Error(`no rule ${id}`);
  const shown = [
    section(
      'Reported',
      examples.filter(({ audience }) => audience === 'human'),
    ),
    section(
      'Refused from agents',
      examples.filter(({ audience }) => audience === 'agent'),
    ),
  ].join('');
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

function section(title: string, examples: readonly RuleExample[]): string {
  if (examples.length === 0) return '';
  const fence = (text: string): string => (text.includes('```') ? '~~~~' : '```');
  const blocks = examples.map(({ text, language, severity, audience }) => {
    const said = audience === 'human' ? `As ${severity}:\n\n` : '';
    return `${said}${fence(text)}${language}\n${text}\n${fence(text)}\n`;
  });
  return `\n## ${title}\n\n${blocks.join('\n')}`;
}

/** The index of all rule pages. */
export function ruleIndex(): string {
  const rows = Object.entries(LINT_RULES)
    .sort(([a], [b]) => a.localeCompare(b, 'en'))
    .map(
      ([id, info]) => `| [${id}](${id}.md) | ${info.title} | ${info.human} | ${info.agent ? 'refused' : 'allowed'} |`,
    );
  return `# Lint rules

Settings stand in \`.stratus.yaml\`. The command line takes the nearest one at or above each file (or \`--config FILE\`),
the editor the nearest one at or above the workspace folder; what the file does not say comes from the editor’s settings.

\`\`\`yaml
lint:
  rules:
    delete-many: error # off, information, warning or error
  protectedContexts: ['*prod*'] # writes that name one are raised by one level
  protectedNamespaces: [kube-system, payments-*]
  kubectl: '1.31' # the release that will run the commands; without it, what any of 1.29 to 1.36 knows is accepted
\`\`\`

Small local manifests, folders and kustomizations that \`kubectl apply\`, \`create\`, \`replace\` and \`delete\` name by a
literal relative path (\`-f\`, \`-k\`, \`<\`) are opened, and what they would do is reported on the line of the script;
manifests in here-documents are read where they stand. A file that is not there is passed over: scripts also write the
files they apply.

PowerShell, cmd, fish, nushell and programs in other languages are not analysed. A line that is one kubectl command, a text
that is a command line, and a list of words that begins with kubectl are checked; where only the name can be seen, one note
says that nobody followed it.

| Rule | Finds | People | Agents |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}
