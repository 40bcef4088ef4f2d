import tseslint from 'typescript-eslint';

/**
 * The folder boundaries of ARCHITECTURE.md as import rules: each folder names the folders it may import from.
 * Everything else, including Node's own modules where a folder must stay pure, is an error.
 */
const SRC_FOLDERS = [
  'domain',
  'agents',
  'gateway',
  'undo',
  'cluster',
  'cli',
  'ui',
  'kubectl',
  'lint',
  'run',
  'telemetry',
  'knowledge',
  'notify',
];
const MAY_IMPORT = {
  domain: [],
  kubectl: [],
  lint: ['kubectl'],
  undo: ['domain'],
  agents: ['domain', 'kubectl'],
  gateway: ['domain', 'undo', 'kubectl'],
  cluster: ['domain', 'gateway'],
  run: ['domain', 'agents', 'gateway', 'undo', 'cluster', 'kubectl'],
  cli: ['domain', 'run', 'gateway', 'undo', 'cluster', 'agents', 'kubectl', 'lint'],
  ui: ['domain', 'run', 'gateway', 'undo', 'cluster', 'agents', 'kubectl', 'lint'],
};
/** Folders without clock, file system, network or editor (I/O reaches them through ports). */
const PURE = ['domain', 'kubectl', 'undo', 'agents'];
/** Only these folders may start processes or open connections. */
const MAY_DIAL = ['gateway', 'cluster'];

const DIAL_MODULES = 'child_process|net|tls|http|https|http2|dgram|dns';

function boundary(folder) {
  const allowed = MAY_IMPORT[folder];
  const forbidden = SRC_FOLDERS.filter((other) => other !== folder && !allowed.includes(other));
  const patterns = [
    {
      regex: `^(\\.\\./)+(${forbidden.join('|')})/`,
      message: `src/${folder} may import only from: ${allowed.join(', ') || 'nothing outside itself'} (ARCHITECTURE.md, Boundaries)`,
    },
    { regex: '^(\\.\\./)+(test|scripts)/', message: 'product code never imports tests or scripts' },
  ];
  if (folder !== 'ui') {
    patterns.push({ regex: '^vscode$', message: 'only src/ui and src/extension.ts import vscode' });
    patterns.push({ regex: 'webview/', message: 'only src/ui shares the webview protocol' });
  }
  if (PURE.includes(folder)) {
    patterns.push({
      regex: '^(node:(?!crypto$)|@kubernetes/|fs$|child_process$|http)',
      message: `src/${folder} is pure: clock, files, network and processes reach it through ports`,
    });
  } else if (!MAY_DIAL.includes(folder)) {
    patterns.push({
      regex: `^(node:)?(${DIAL_MODULES})$`,
      message: 'only src/gateway and src/cluster start processes or open connections',
    });
  }
  const rules = { 'no-restricted-imports': ['error', { patterns }] };
  if (PURE.includes(folder)) {
    rules['no-restricted-properties'] = ['error', { object: 'Date', property: 'now', message: 'time is a port' }];
    rules['no-restricted-globals'] = [
      'error',
      ...['fetch', 'setTimeout', 'setInterval', 'process'].map((name) => ({
        name,
        message: `src/${folder} is pure: use a port`,
      })),
    ];
  }
  return { files: [`src/${folder}/**/*.ts`], rules };
}

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'coverage', 'src/kubectl/generated'] },
  ...tseslint.configs.recommended,
  {
    rules: {
      'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'named exports only' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
    },
  },
  ...Object.keys(MAY_IMPORT).map(boundary),
  {
    files: ['webview/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { regex: '^(node:|vscode$)|(^|/)src/', message: 'the page talks to the host only through protocol.ts' },
          ],
        },
      ],
    },
  },
  {
    files: ['test/judge/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '(^|/)src/', message: 'the judge shares no code with src' }] },
      ],
    },
  },
  {
    files: ['*.config.*', 'scripts/**', 'test/**'],
    rules: { 'no-console': 'off', 'no-restricted-syntax': 'off' },
  },
);
