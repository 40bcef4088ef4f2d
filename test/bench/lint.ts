import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { DEFAULT_CONFIG } from '../../src/lint/config.ts';
import { analyze } from '../../src/lint/analyze.ts';
import { LintMemory } from '../../src/lint/lint-memory.ts';
import type { LintLanguage } from '../../src/lint/languages.ts';

const WARM_UP = 15;
const ROUNDS = 30;

/** A 5,000-line deployment script of ordinary shell with a kubectl command every few lines. */
export function longScript(lines = 5_000): string {
  const block = [
    '#!/usr/bin/env bash',
    'set -euo pipefail',
    'readonly NAMESPACE="${NAMESPACE:-shop}"',
    'log() { echo "$(date +%T) $*" >&2; }',
    'deploy_NUM() {',
    '  local name="$1" image="$2"',
    '  log "deploying ${name}"',
    '  if ! kubectl -n "$NAMESPACE" get deploy "$name" >/dev/null 2>&1; then',
    '    kubectl -n "$NAMESPACE" create deployment "$name" --image="$image"',
    '  else',
    '    kubectl -n "$NAMESPACE" set image "deploy/$name" app="$image"',
    '  fi',
    '  for attempt in 1 2 3; do',
    '    kubectl -n "$NAMESPACE" rollout status "deploy/$name" --timeout=60s && return 0',
    '    sleep "$attempt"',
    '  done',
    '  # the rollout did not end',
    '  kubectl -n "$NAMESPACE" rollout undo "deploy/$name"',
    '  case "$name" in',
    '    web*) curl -fsS "https://example.org/${name}" | jq -r .status ;;',
    '    *) printf "%s\\n" "$name" ;;',
    '  esac',
    '}',
    'deploy_NUM "svc-NUM" "registry.example.org/svc:NUM"',
    'kubectl get pods -n "$NAMESPACE" -l app=svc-NUM -o jsonpath="{.items[*].metadata.name}"',
  ];
  const out: string[] = [];
  for (let index = 0; out.length < lines; index++)
    out.push(...block.map((line) => line.replaceAll('NUM', String(index))));
  return `${out.slice(0, lines).join('\n')}\n`;
}

/** 7,000 lines of manifests in many documents, one in ten with a script that calls kubectl. */
export function longYaml(lines = 7_000): string {
  const out: string[] = [];
  for (let index = 0; out.length < lines; index++) {
    out.push(
      '---',
      'apiVersion: batch/v1',
      'kind: CronJob',
      'metadata:',
      `  name: job-${index}`,
      '  namespace: shop',
      '  labels:',
      `    app: job-${index}`,
    );
    out.push(
      'spec:',
      '  schedule: "5 0 1 1 1"',
      '  jobTemplate:',
      '    spec:',
      '      template:',
      '        spec:',
      '          restartPolicy: Never',
    );
    out.push(
      '          containers:',
      '            - name: main',
      '              image: registry.example.org/tool:1',
      '              env:',
    );
    for (let variable = 0; variable < 8; variable++)
      out.push(`                - name: SETTING_${variable}`, `                  value: "${variable}"`);
    if (index % 10 === 0) {
      out.push(
        '              command: ["sh", "-c"]',
        '              args:',
        '                - |',
        '                  set -e',
        '                  kubectl get pods -n shop',
      );
      out.push(`                  kubectl rollout restart deploy/svc-${index}`);
    }
  }
  return `${out.slice(0, lines).join('\n')}\n`;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

interface Timing {
  median: number;
  best: number;
  /** Median of the processor time of this thread: what the median is on a machine that does nothing else. */
  cpu: number;
}

/** Milliseconds of one warm run. */
function measure(run: () => void): Timing {
  for (let round = 0; round < WARM_UP; round++) run();
  const cpus: number[] = [];
  const times = Array.from({ length: ROUNDS }, () => {
    const before = process.threadCpuUsage();
    const start = performance.now();
    run();
    const time = performance.now() - start;
    const { user, system } = process.threadCpuUsage(before);
    cpus.push((user + system) / 1_000);
    return time;
  });
  return { median: median(times), best: Math.min(...times), cpu: median(cpus) };
}

function shellcheckMs(script: string): number | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-bench-'));
  try {
    const path = join(folder, 'script.sh');
    writeFileSync(path, script);
    const times = Array.from({ length: 3 }, () => {
      const start = performance.now();
      const result = spawnSync('shellcheck', ['--format=json', path], { stdio: 'ignore' });
      return result.error ? Number.NaN : performance.now() - start;
    });
    return times.some(Number.isNaN) ? undefined : Math.min(...times);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One-line edits at changing places, so that nothing can be remembered as a whole. */
function edits(text: string, language: LintLanguage): () => void {
  const lines = text.split('\n');
  const memory = new LintMemory();
  let at = 0;
  return () => {
    at = (at + 997) % lines.length;
    const edited = [...lines.slice(0, at), `${lines[at] ?? ''} `, ...lines.slice(at + 1)].join('\n');
    analyze(edited, language, DEFAULT_CONFIG, memory);
  };
}

/** Prints how long linting takes, against the targets and against shellcheck on the same script. */
export async function bench(): Promise<void> {
  const script = longScript();
  const yaml = longYaml();
  const rows: [name: string, target: string, timing: Timing][] = [];
  const add = (name: string, target: string, run: () => void): number => {
    const time = measure(run);
    rows.push([name, target, time]);
    return time.best;
  };
  const full = add(
    '5,000-line script, full lint',
    '< 25 ms',
    () => void analyze(script, 'shellscript', DEFAULT_CONFIG),
  );
  add('7,000-line YAML, full lint', '< 25 ms', () => void analyze(yaml, 'yaml', DEFAULT_CONFIG));
  add('5,000-line script, after a one-line edit', '< 5 ms', edits(script, 'shellscript'));
  add('7,000-line YAML, after a one-line edit', '< 5 ms', edits(yaml, 'yaml'));
  for (const [name, target, { median: middle, best, cpu }] of rows) {
    console.log(
      `${name.padEnd(44)} median ${middle.toFixed(1).padStart(7)} ms   best ${best.toFixed(1).padStart(7)} ms   processor ${cpu.toFixed(1).padStart(6)} ms   target ${target}`,
    );
  }
  const other = shellcheckMs(script);
  if (other === undefined) console.log('shellcheck is not installed; no comparison');
  else
    console.log(
      `shellcheck on the same script: ${other.toFixed(0)} ms, ${(other / full).toFixed(0)} times as long (target at least 10)`,
    );
  await Promise.resolve();
}
