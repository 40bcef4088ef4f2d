import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const KUBECTL_MAIN = `package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
)

func main() { os.Exit(cli.Run(cmd.NewDefaultKubectlCommand())) }
`;
const HARNESS_MAIN = join(import.meta.dirname, 'main.go');
const BUILD_TIMEOUT_MS = 30 * 60_000;

/** The binaries of one kubectl release. */
export interface MinorBinaries {
  kubectl: string;
  harness: string;
}

/** Where the binaries of a minor release (`1.31`) are, or would be, cached. */
export function minorPaths(minor: string): MinorBinaries {
  const folder = join(process.env['STRATUS_CACHE'] ?? join(homedir(), '.cache', 'stratus'), 'kubectl-minors');
  const source = createHash('sha256').update(readFileSync(HARNESS_MAIN)).digest('hex').slice(0, 12);
  return { kubectl: join(folder, `kubectl-${minor}`), harness: join(folder, `harness-${minor}-${source}`) };
}

/**
 * Builds kubectl and the harness of a minor release from its published Go module, unless they are cached. Needs Go, the
 * module proxy and 3 to 8 minutes.
 */
export function buildMinor(minor: string, go = 'go'): MinorBinaries {
  const paths = minorPaths(minor);
  if (existsSync(paths.kubectl) && existsSync(paths.harness)) return paths;
  const folder = `${paths.harness}.build`;
  rmSync(folder, { recursive: true, force: true });
  for (const name of ['kubectl', 'harness']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'kubectl', 'main.go'), KUBECTL_MAIN);
  copyFileSync(HARNESS_MAIN, join(folder, 'harness', 'main.go'));
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false -mod=mod' };
  const run = (...args: string[]): string =>
    execFileSync(go, args, {
      cwd: folder,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: BUILD_TIMEOUT_MS,
    });
  const tag = `v0.${minor.split('.')[1] ?? ''}`;
  run('mod', 'init', 'kubectl-minor');
  run('get', `k8s.io/kubectl@${tag}`, `k8s.io/component-base@${tag}`);
  const version = run('list', '-m', '-f', '{{.Version}}', 'k8s.io/kubectl').trim().replace(/^v0/, 'v1');
  const flags = `-s -w -X k8s.io/component-base/version.gitVersion=${version}`;
  run('build', '-trimpath', '-ldflags', flags, '-o', `bin/`, './kubectl', './harness');
  renameSync(join(folder, 'bin', 'kubectl'), paths.kubectl);
  renameSync(join(folder, 'bin', 'harness'), paths.harness);
  rmSync(folder, { recursive: true, force: true });
  return paths;
}
