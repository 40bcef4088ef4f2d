import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/**
 * The rooms of ARCHITECTURE.md: each names the rooms whose files its own may import. `/**` takes a room with all below
 * it. A folder of src that no room covers fails, so that a wall stands before anybody moves in.
 */
export const ROOMS = {
  text: [],
  json: [],
  domain: ['json', 'text'],
  'domain/machine': ['domain', 'json', 'text'],
  'kubectl/**': ['text'],
  kube: ['domain', 'json', 'text'],
  'kube/placement': ['kube', 'domain', 'json', 'text'],
  runbook: ['domain', 'json', 'text'],
  'lint/**': ['kubectl/**', 'runbook', 'text'],
  'undo/**': ['domain', 'json', 'text'],

  'gateway/wire': ['domain', 'json', 'text'],
  'gateway/disk': ['domain', 'json', 'text'],
  'gateway/child': ['gateway/wire', 'gateway/disk', 'domain', 'json', 'kubectl/**', 'text'],
  'gateway/inventory': ['gateway/wire', 'undo/**', 'domain', 'json', 'text'],
  'gateway/content': ['undo/**', 'domain', 'json', 'text'],
  'gateway/journal': [
    'gateway/wire', 'gateway/disk', 'gateway/inventory', 'undo/**', 'runbook', 'domain', 'json', 'kubectl/**', 'text',
  ],
  'gateway/action': ['gateway/wire', 'gateway/journal', 'runbook', 'domain', 'json', 'text'],
  'gateway/write': [
    'gateway/wire', 'gateway/inventory', 'gateway/content', 'gateway/journal', 'undo/**', 'domain', 'json', 'text',
  ],
  'gateway/secrets': ['gateway/wire', 'gateway/write', 'undo/**', 'domain', 'json', 'text'],
  'gateway/monitor': [
    'gateway/wire', 'gateway/inventory', 'gateway/content', 'gateway/journal', 'gateway/write', 'gateway/secrets',
    'undo/**', 'domain', 'json', 'text',
  ],
  'gateway/replay': [
    'gateway/wire', 'gateway/inventory', 'gateway/journal', 'gateway/write', 'gateway/monitor', 'gateway/action', 'undo/**',
    'runbook', 'domain', 'json', 'text',
  ],
  gateway: ['gateway/**', 'undo/**', 'runbook', 'domain', 'json', 'kubectl/**', 'text'],

  'cluster/connect': ['gateway/wire', 'domain', 'json', 'text'],
  'cluster/read': ['gateway/wire', 'kube', 'domain', 'json', 'text'],
  'cluster/lock': ['cluster/connect', 'gateway/wire', 'gateway/journal', 'gateway/monitor', 'domain', 'json', 'text'],
  severity: ['cluster/read', 'gateway/wire', 'gateway/monitor', 'signals/**', 'kube', 'domain', 'json', 'text'],

  'agents/conversion': ['domain', 'json', 'kubectl/**', 'kube', 'text'],
  'agents/playbooks/engine': ['kube', 'domain', 'json', 'text'],
  ...Object.fromEntries(
    Object.entries({
      names: [],
      patches: [],
      pods: [],
      scale: [],
      former: ['patches', 'pods'],
      jobs: ['former', 'pods'],
      placement: ['former', 'pods'],
      settings: ['former', 'patches', 'pods'],
      services: ['names', 'settings'],
    }).map(([clues, others]) => [
      `agents/playbooks/clues/${clues}`,
      [...others.map((other) => `agents/playbooks/clues/${other}`), 'agents/playbooks/engine', 'kube', 'kube/placement', 'domain', 'json', 'text'],
    ]),
  ),
  ...Object.fromEntries(
    ['network', 'storage', 'config', 'image', 'scheduling', 'scale', 'rollout', 'admission', 'rights', 'batch', 'lifecycle', 'container', 'telemetry'].map((rules) => [
      `agents/playbooks/rules/${rules}/**`,
      ['agents/playbooks/engine', 'agents/playbooks/clues/**', 'kube', 'kube/placement', 'domain', 'json', 'text'],
    ]),
  ),
  'agents/playbooks': ['agents/playbooks/**', 'kube', 'domain', 'json', 'text'],
  'agents/candidates/scene': ['agents/playbooks/engine', 'agents/playbooks/clues/**', 'kube', 'domain', 'json', 'text'],
  'agents/candidates/sources': [
    'agents/candidates/scene', 'agents/playbooks/engine', 'agents/playbooks/clues/**', 'kube', 'kube/placement', 'domain', 'json', 'text',
  ],
  'agents/candidates': ['agents/candidates/**', 'agents/playbooks/engine', 'agents/playbooks/clues/**', 'kube', 'domain', 'json', 'text'],
  'agents/model/evidence': ['kube', 'domain', 'json', 'text'],
  'agents/model/tools': ['agents/model/evidence', 'lint/**', 'kube', 'kubectl/**', 'domain', 'json', 'text'],
  'agents/model/talk': [
    'agents/model/tools', 'agents/model/evidence', 'agents/candidates', 'kube', 'kubectl/**', 'domain', 'json', 'text',
  ],
  'agents/model/roles': ['agents/model/talk', 'agents/model/tools', 'agents/candidates', 'kube', 'kubectl/**', 'domain', 'json', 'text'],
  'agents/model': ['agents/model/**', 'agents/candidates', 'domain', 'json', 'text'],

  'model/**': ['domain', 'json', 'text'],
  'telemetry/**': ['domain', 'json', 'text'],
  'signals/**': ['kube', 'domain', 'json', 'text'],
  'history/**': ['domain', 'json', 'text'],
  'knowledge/**': ['domain', 'json', 'text'],
  'notify/**': ['domain', 'json', 'text'],
  'gitops/**': ['domain', 'json', 'text'],

  'run/telemetry': [
    'telemetry/**', 'signals/**', 'severity', 'cluster/read', 'gateway/wire', 'gateway/monitor', 'kube', 'domain', 'json', 'text',
  ],
  'run/brains': ['agents/**', 'model/**', 'gateway/disk', 'domain', 'json', 'kubectl/**', 'text'],
  'run/incident': ['agents/conversion', 'signals/graph', 'kube', 'domain', 'domain/machine', 'json', 'kubectl/**', 'text'],
  'run/watch': ['run/telemetry', 'signals/**', 'severity', 'kube', 'domain', 'json', 'text'],
  run: [
    'run/brains', 'run/incident', 'run/telemetry', 'run/watch', 'agents/**', 'severity', 'cluster/**', 'gateway/**', 'undo/**', 'runbook', 'kube', 'domain', 'json', 'kubectl/**', 'text', 'model/**',
    'telemetry/**', 'signals/**', 'history/**', 'knowledge/**', 'notify/**', 'gitops/**',
  ],
  cli: ['run', 'run/brains', 'run/incident', 'run/telemetry', 'signals/told', 'run/watch', 'serve/**', 'cluster/lock', 'gateway/child', 'gateway/journal', 'runbook', 'domain', 'domain/machine', 'json', 'kubectl/**', 'lint/**', 'text'],
  'serve/**': ['run', 'run/brains', 'domain', 'json', 'text'],

  'ui/editor': ['run', 'run/telemetry', 'cluster/lock', 'gateway/journal', 'domain', 'json', 'kubectl/**', 'text'],
  'ui/views': ['ui/editor', 'domain', 'json', 'kubectl/**', 'text'],
  'ui/undo': ['ui/editor', 'ui/views', 'run', 'domain', 'json', 'kubectl/**', 'text'],
  'ui/watch': ['ui/editor', 'run', 'run/incident', 'run/watch', 'domain', 'text'],
  'ui/run': ['ui/editor', 'ui/views', 'ui/watch', 'run', 'run/brains', 'run/incident', 'domain', 'domain/machine', 'json', 'kubectl/**', 'text'],
  'ui/doors': ['ui/editor', 'ui/views', 'ui/run', 'run', 'signals/told', 'domain', 'kubectl/**', 'text'],
  'ui/lint': ['ui/editor', 'ui/views', 'ui/undo', 'run', 'domain', 'json', 'kubectl/**', 'text'],
  'ui/model': ['ui/editor', 'ui/views', 'run', 'domain', 'json', 'text'],
  'ui/telemetry': ['ui/editor', 'ui/views', 'run', 'run/telemetry', 'domain', 'text'],
  'ui/chat': ['ui/editor', 'ui/views', 'ui/run', 'ui/doors', 'run', 'run/brains', 'domain', 'json', 'kubectl/**', 'text'],
  ui: ['ui/**', 'run', 'run/brains', 'domain', 'json', 'text'],
}; // prettier-ignore

/** Folders without clock, file system, network or editor (I/O reaches them through ports). */
const PURE = ['text', 'json', 'domain', 'kubectl', 'kube', 'runbook', 'undo', 'agents', 'signals'];
/** Only these rooms may start processes or open connections. */
const MAY_DIAL = [
  'gateway/wire', 'gateway/child', 'cluster/connect', 'cluster/read', 'model/**', 'telemetry/**', 'notify/**',
  'serve/**',
]; // prettier-ignore
const DIAL_MODULES = 'child_process|net|tls|http|https|http2|dgram|dns';
/**
 * Folders through which objects pass on their way from and to the cluster: there, what reads, prints or copies JSON must
 * lose no number and no key (src/json/lossless-json.ts).
 */
const LOSSLESS = ['gateway', 'undo'];

const CONTROLS = '^@vscode-elements/';
const PAGE_WALL = {
  regex: '^(node:|vscode$)|(^|/)src/',
  message: 'the page talks to the host only through webview/protocol',
};
const NAMED_EXPORTS = { selector: 'ExportDefaultDeclaration', message: 'named exports only' };
const filesOf = (room) => `src/${room}/*.ts`;

function wallsOf(room, allowed) {
  const [folder] = room.split('/');
  const imports = [
    { regex: '^(\\.\\./)+(test|scripts)/', message: 'product code never imports tests or scripts' },
    {
      regex: '^(node:)?util$',
      importNames: ['isDeepStrictEqual'],
      message: 'objects of the cluster have another prototype than ours: compare their canonicalJson',
    },
  ];
  const properties = [];
  const globals = [];
  const syntax = [NAMED_EXPORTS];
  imports.push({ regex: CONTROLS, message: 'only the page has controls: webview/components.ts' });
  if (folder !== 'ui') {
    imports.push({ regex: '^vscode$', message: 'only src/ui and src/extension.ts import vscode' });
    imports.push({ regex: 'webview/', message: 'only src/ui shares the webview protocol' });
  } else {
    imports.push({
      regex: 'webview/(?!protocol/)',
      message: 'the editor shares nothing but webview/protocol with the page',
    });
  }
  if (PURE.includes(folder)) {
    const message = `src/${folder} is pure: clock, files, network and processes reach it through ports`;
    imports.push({ regex: '^(node:(?!crypto$)|@kubernetes/|fs$|child_process$|http)', message });
    properties.push({ object: 'Date', property: 'now', message });
    for (const name of ['fetch', 'setTimeout', 'setInterval', 'process']) globals.push({ name, message });
  } else if (!MAY_DIAL.includes(room)) {
    const message = `only these start processes or open connections: ${MAY_DIAL.join(', ')}`;
    imports.push({ regex: `^(node:)?(${DIAL_MODULES})$`, message });
  }
  if (LOSSLESS.includes(folder)) {
    const message = 'it loses numbers and keys: parseJson, printJson and cloneJson of src/json/lossless-json.ts do not';
    imports.push({ regex: '^yaml$', message: 'YAML of a body is read by src/gateway/wire/yaml-body.ts alone' });
    properties.push({ object: 'JSON', property: 'parse', message }, { object: 'JSON', property: 'stringify', message });
    properties.push({ object: 'globalThis', property: 'structuredClone', message });
    globals.push({ name: 'structuredClone', message });
    syntax.push({
      selector: "BinaryExpression[operator='in'][left.type!='Literal'][left.type!='PrivateIdentifier']",
      message: 'a key from outside may be an inherited name: Object.hasOwn, or own of src/json/json-map.ts',
    });
  }
  const zone = {
    target: filesOf(room),
    from: 'src/**/*.ts',
    // Exceptions are compared with absolute paths.
    except: [room, ...allowed].map((one) => `**/${filesOf(one)}`),
    message: `src/${room} may import only from: ${allowed.join(', ') || 'nothing outside itself'} (ROOMS)`,
  };
  return {
    files: [filesOf(room)],
    rules: {
      'import-x/no-restricted-paths': ['error', { zones: [zone], basePath: import.meta.dirname }],
      'no-restricted-imports': ['error', { patterns: imports }],
      'no-restricted-syntax': ['error', ...syntax],
      ...(properties.length > 0 ? { 'no-restricted-properties': ['error', ...properties] } : {}),
      ...(globals.length > 0 ? { 'no-restricted-globals': ['error', ...globals] } : {}),
    },
  };
}

/** A folder that no room covers. */
const UNLISTED = {
  files: ['src/*/**/*.ts'],
  ignores: Object.keys(ROOMS).map(filesOf),
  rules: {
    'no-restricted-syntax': ['error', { selector: 'Program', message: 'this folder is no room: name it in ROOMS' }],
  },
};

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'coverage', 'src/kubectl/grammar/generated'] },
  ...tseslint.configs.recommended,
  {
    plugins: { 'import-x': importX },
    settings: {
      'import-x/extensions': ['.ts'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
    },
    rules: {
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'no-restricted-syntax': ['error', NAMED_EXPORTS],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
    },
  },
  UNLISTED,
  ...Object.entries(ROOMS).map(([room, allowed]) => wallsOf(room, allowed)),
  {
    files: ['webview/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [PAGE_WALL, { regex: CONTROLS, message: 'controls come from webview/components.ts' }] },
      ],
      'no-restricted-syntax': [
        'error',
        NAMED_EXPORTS,
        {
          selector:
            "CallExpression[callee.name='h'] > Literal:first-child[value=/^(vscode-.*|button|input|progress|textarea)$/]",
          message: 'controls come from webview/components.ts',
        },
      ],
    },
  },
  {
    files: ['webview/components.ts'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [PAGE_WALL] }],
      'no-restricted-syntax': ['error', NAMED_EXPORTS],
    },
  },
  {
    files: ['webview/protocol/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^(?!\\./)', message: 'the protocol knows neither the page nor its host' }] },
      ],
    },
  },
  {
    files: ['test/judge/**/*.ts', 'test/catalogue/**/*.ts'],
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
