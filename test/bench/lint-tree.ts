import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFiles } from '../../src/lint/files/lint-files.ts';
import { longScript, longYaml } from './lint.ts';
import { timed, type TimedRun } from './timed.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');
/** The module that holds kubectl's own test scripts; read where Go keeps it. */
const KUBERNETES = 'k8s.io/kubernetes@v1.34.4';

/** 5,000 files as projects have them: manifests, workflows, scripts, Markdown, Dockerfiles, programs. */
function mixedTree(folder: string): number {
  const script = longScript(120);
  const manifest = longYaml(300);
  const workflow = `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: |\n          kubectl -n shop rollout status deploy/web --timeout=60s\n`;
  const guide = `# Guide\n\n${'Words about the shop. '.repeat(40)}\n\n\`\`\`sh\nkubectl get pods -n shop\n\`\`\`\n`;
  const kinds: [string, string][] = [
    ['m.yaml', manifest],
    ['plain.yaml', manifest.replaceAll('kubectl', 'tool')],
    ['deploy.sh', script],
    ['.github/workflows/x.yml', workflow],
    ['README.md', guide],
    ['Dockerfile', 'FROM alpine\nRUN apk add curl\nCMD ["kubectl", "get", "pods"]\n'],
    ['main.go', `package main\n${'func f() { println("a") }\n'.repeat(80)}`],
    ['Makefile', 'deploy:\n\tkubectl apply -f m.yaml\n'],
  ];
  for (let index = 0; index < 5_000 / kinds.length; index++) {
    for (const [name, text] of kinds) {
      const path = join(folder, String(index), name);
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, text);
    }
  }
  return Math.ceil(5_000 / kinds.length) * kinds.length;
}

function show(name: string, files: number, run: TimedRun | undefined): void {
  if (!run) return console.log(`${name.padEnd(52)} is not installed; no comparison`);
  const rate = files / run.seconds;
  console.log(
    `${name.padEnd(52)} ${String(files).padStart(5)} files ${run.seconds.toFixed(2).padStart(6)} s ${rate.toFixed(0).padStart(6)} files/s   processor ${run.processor.toFixed(2).padStart(6)} s   peak ${run.peak.toFixed(0).padStart(4)} MB`,
  );
}

const own = (folder: string, paths: readonly string[] = [folder]) =>
  timed(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'lint', '--format', 'json', ...paths]);

function filesBelow(folder: string, pattern: RegExp): string[] {
  return [...findFiles([folder], '/', { unreadable: [], skipped: [] })]
    .map(({ absolute }) => absolute)
    .filter((path) => pattern.test(path));
}

/** Prints how fast whole trees are linted and what that takes, beside actionlint and shellcheck on the files each reads. */
export async function bench(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-tree-'));
  try {
    show('stratus lint, generated tree', mixedTree(folder), await own(folder));
    const workflows = filesBelow(folder, /\.github\/workflows\//);
    show('stratus lint, its workflows', workflows.length, await own(folder, workflows));
    show(
      'actionlint, its workflows',
      workflows.length,
      await timed('actionlint', ['-shellcheck=', '-pyflakes=', ...workflows]),
    );
    const scripts = filesBelow(folder, /\.sh$/);
    show('stratus lint, its scripts', scripts.length, await own(folder, scripts));
    show('shellcheck, its scripts', scripts.length, await timed('shellcheck', scripts));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const cache = spawnSync('go', ['env', 'GOMODCACHE'], { encoding: 'utf8' }).stdout?.trim();
  const tree = join(cache ?? '', KUBERNETES);
  const all = filesBelow(tree, /./);
  if (all.length === 0) return console.log(`${KUBERNETES} is not in the module cache; no figure`);
  show(`stratus lint, ${KUBERNETES}`, all.length, await own(tree));
  const scripts = filesBelow(tree, /\.sh$/);
  show('stratus lint, its scripts', scripts.length, await own(tree, scripts));
  show('shellcheck, its scripts', scripts.length, await timed('shellcheck', scripts));
}
