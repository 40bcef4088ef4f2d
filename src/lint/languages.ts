import type { ProgramLanguage } from './regions/program-tokens.ts';
import type { ForeignShell } from './regions/region.ts';

/** How a document is read. */
export type LintLanguage =
  | 'shellscript'
  | 'yaml'
  | 'dockerfile'
  | 'makefile'
  | 'markdown'
  | 'asciidoc'
  | 'justfile'
  | 'systemd'
  | 'crontab'
  | ForeignShell
  | `program:${ProgramLanguage}`;

const BY_EXTENSION: Readonly<Record<string, LintLanguage>> = {
  sh: 'shellscript',
  bash: 'shellscript',
  zsh: 'shellscript',
  ksh: 'shellscript',
  bats: 'shellscript',
  yaml: 'yaml',
  yml: 'yaml',
  json: 'yaml',
  jsonc: 'yaml',
  tpl: 'yaml',
  md: 'markdown',
  mdx: 'markdown',
  markdown: 'markdown',
  adoc: 'asciidoc',
  asciidoc: 'asciidoc',
  mk: 'makefile',
  dockerfile: 'dockerfile',
  just: 'justfile',
  service: 'systemd',
  timer: 'systemd',
  cron: 'crontab',
  crontab: 'crontab',
  ps1: 'PowerShell',
  psm1: 'PowerShell',
  bat: 'cmd',
  cmd: 'cmd',
  fish: 'fish',
  nu: 'nushell',
  py: 'program:python',
  go: 'program:go',
  js: 'program:javascript',
  mjs: 'program:javascript',
  cjs: 'program:javascript',
  ts: 'program:javascript',
  mts: 'program:javascript',
  groovy: 'program:groovy',
  gradle: 'program:groovy',
  jenkinsfile: 'program:groovy',
  tf: 'program:terraform',
  hcl: 'program:terraform',
  nomad: 'program:terraform',
  rb: 'program:ruby',
  rake: 'program:ruby',
  java: 'program:c-like',
  kt: 'program:c-like',
  kts: 'program:c-like',
  scala: 'program:c-like',
  cs: 'program:c-like',
  rs: 'program:c-like',
  swift: 'program:c-like',
  php: 'program:any',
  pl: 'program:any',
  lua: 'program:any',
  ex: 'program:any',
  exs: 'program:any',
};

const BY_NAME: ReadonlyArray<[RegExp, LintLanguage]> = [
  [/^(Dockerfile|Containerfile)(\..*)?$/i, 'dockerfile'],
  [/^(GNU)?Makefile(\..*)?$/i, 'makefile'],
  [/^Jenkinsfile(\..*)?$/i, 'program:groovy'],
  [/^(Vagrantfile|Rakefile|Brewfile)$/, 'program:ruby'],
  [/^(Tiltfile|SConstruct|BUILD|BUILD\.bazel|WORKSPACE)$/, 'program:python'],
  [/^\.?justfile$/i, 'justfile'],
  [/^(crontab|anacrontab)$/, 'crontab'],
  [
    /^\.(bashrc|bash_profile|bash_aliases|bash_login|bash_logout|profile|zshrc|zshenv|zprofile|kshrc|envrc)$/,
    'shellscript',
  ],
];

/** Endings of templates, which say nothing about what they are templates of. */
const TEMPLATE = /\.(j2|jinja2?|tmpl|gotmpl|erb|template)$/i;

/** The language ids of editors and how their documents are read. */
export const EDITOR_LANGUAGES: Readonly<Record<string, LintLanguage>> = {
  shellscript: 'shellscript',
  yaml: 'yaml',
  helm: 'yaml',
  'github-actions-workflow': 'yaml',
  dockercompose: 'yaml',
  ansible: 'yaml',
  dockerfile: 'dockerfile',
  makefile: 'makefile',
  markdown: 'markdown',
};

/** The language of a file by its name, its folder or its shebang; undefined: not a file the linter reads. */
export function languageOf(path: string, text: string): LintLanguage | undefined {
  const parts = path.split(/[/\\]/);
  const name = (parts.at(-1) ?? '').replace(TEMPLATE, '');
  const named = BY_NAME.find(([pattern]) => pattern.test(name));
  if (named) return named[1];
  const dot = name.lastIndexOf('.');
  const extension = dot >= 0 ? name.slice(dot + 1).toLowerCase() : '';
  if (Object.hasOwn(BY_EXTENSION, extension)) return BY_EXTENSION[extension];
  if (/^cron\.(d|daily|hourly|weekly|monthly)$/.test(parts.at(-2) ?? ''))
    return parts.at(-2) === 'cron.d' ? 'crontab' : 'shellscript';
  return shebangLanguage(text);
}

function shebangLanguage(text: string): LintLanguage | undefined {
  const line = /^(?:\uFEFF)?#!([^\n]*)/.exec(text.slice(0, 200))?.[1];
  if (line === undefined) return undefined;
  if (/\b(ba|da|z|k|a)?sh\b/.test(line)) return 'shellscript';
  if (/\bpython[\d.]*\b/.test(line)) return 'program:python';
  if (/\b(node|deno|bun)\b/.test(line)) return 'program:javascript';
  if (/\bruby\b/.test(line)) return 'program:ruby';
  if (/\bpwsh\b/.test(line)) return 'PowerShell';
  if (/\bfish\b/.test(line)) return 'fish';
  return /\b(perl|php|lua)\b/.test(line) ? 'program:any' : undefined;
}
