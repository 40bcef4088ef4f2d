import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainLines } from '../src/text/plain-text.ts';

export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  failures: string[];
}

interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages?: string[] }[];
  }[];
}

const root = join(import.meta.dirname, '..');
const SHOWN_LINES = 25;

/** Runs one vitest project and returns its counts; a file that could not even be loaded counts as a failure. */
export function runVitest(project: string, env: NodeJS.ProcessEnv, files: string[] = []): Promise<Tally> {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-vitest-'));
  const output = join(folder, 'report.json');
  const args = ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${output}`];
  return new Promise((resolve) => {
    const child = spawn(join(root, 'node_modules', '.bin', 'vitest'), [...args, ...files], {
      cwd: root,
      stdio: ['ignore', 2, 2],
      env: { ...process.env, ...env },
    });
    // An interrupted run must not leave its tests at work on a cluster that is being taken away.
    const end = () => child.kill('SIGTERM');
    const signals = ['SIGINT', 'SIGTERM', 'exit'] as const;
    for (const name of signals) process.on(name, end);
    child.on('close', (code) => {
      for (const name of signals) process.off(name, end);
      resolve(readTally(project, output, code));
      rmSync(folder, { recursive: true, force: true });
    });
  });
}

function readTally(project: string, output: string, code: number | null): Tally {
  let report: VitestReport;
  try {
    report = JSON.parse(readFileSync(output, 'utf8')) as VitestReport;
  } catch {
    return { passed: 0, failed: 1, skipped: 0, failures: [`${project}: vitest ended with code ${code} and no report`] };
  }
  const failures = report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const tests = assertionResults
      .filter((test) => test.status === 'failed')
      .map((test) => `${name}: ${test.fullName}${reasonOf(test.failureMessages ?? [])}`);
    return status === 'failed' && tests.length === 0 ? [`${name}: ${message.split('\n')[0]}`] : tests;
  });
  const unloaded = failures.length - report.numFailedTests;
  const failed = report.numFailedTests + Math.max(0, unloaded);
  return {
    passed: report.numPassedTests,
    // An error outside any test (for example an unhandled rejection) fails the run without a failed test.
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
    failures: failed === 0 && code !== 0 ? [`${project}: vitest ended with code ${code}`] : failures,
  };
}

/** What the test said, without the stack, so that the last lines of a long log tell it too. */
function reasonOf(messages: string[]): string {
  const lines = messages.flatMap((text) =>
    plainLines(text, 20_000)
      .split('\n')
      .filter((line) => !/^\s+at /.test(line)),
  );
  const shown = lines.slice(0, SHOWN_LINES).map((line) => `\n    ${line.slice(0, 400)}`);
  return shown.join('') + (lines.length > SHOWN_LINES ? `\n    … ${lines.length - SHOWN_LINES} more lines` : '');
}
