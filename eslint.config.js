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

/**
 * Folders through which objects pass on their way from and to the cluster: there, what reads, prints or copies JSON must
 * lose no number and no key (src/domain/lossless-json.ts).
 */
const LOSSLESS = ['gateway', 'undo'];
const NAMED_EXPORTS = { selector: 'ExportDefaultDeclaration', message: 'named exports only' };

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
  patterns.push({
    regex: '^(node:)?util$',
    importNames: ['isDeepStrictEqual'],
    message: 'objects of the cluster have another prototype than ours: compare their canonicalJson',
  });
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
  const properties = [];
  const globals = [];
  const rules = { 'no-restricted-imports': ['error', { patterns }] };
  if (LOSSLESS.includes(folder)) {
    const message =
      'it loses numbers and keys: parseJson, printJson and cloneJson of src/domain/lossless-json.ts do not';
    patterns.push({
      regex: '^yaml$',
      message: 'YAML of a body is read by src/gateway/wire/yaml-body.ts alone, without loss',
    });
    properties.push({ object: 'JSON', property: 'parse', message }, { object: 'JSON', property: 'stringify', message });
    properties.push({ object: 'globalThis', property: 'structuredClone', message });
    globals.push({ name: 'structuredClone', message });
    rules['no-restricted-syntax'] = [
      'error',
      NAMED_EXPORTS,
      {
        selector: "BinaryExpression[operator='in'][left.type!='Literal'][left.type!='PrivateIdentifier']",
        message: 'a key from outside may be an inherited name: Object.hasOwn, or own of src/domain/json-map.ts',
      },
    ];
  }
  if (PURE.includes(folder)) {
    properties.push({ object: 'Date', property: 'now', message: 'time is a port' });
    for (const name of ['fetch', 'setTimeout', 'setInterval', 'process']) {
      globals.push({ name, message: `src/${folder} is pure: use a port` });
    }
  }
  if (properties.length > 0) rules['no-restricted-properties'] = ['error', ...properties];
  if (globals.length > 0) rules['no-restricted-globals'] = ['error', ...globals];
  return { files: [`src/${folder}/**/*.ts`], rules };
}

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'coverage', 'src/kubectl/generated'] },
  ...tseslint.configs.recommended,
  {
    rules: {
      'no-restricted-syntax': ['error', NAMED_EXPORTS],
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
