import { writeFileSync } from 'node:fs';
import type { CreateApp } from '../../src/ui/editor/app-loader.ts';
import type { LintStartup } from '../../src/ui/lint/lint-client.ts';
import type { TestHooks } from '../../src/ui/test-hooks.ts';
import type { AskOptions, PickOptions, Prompts } from '../../src/ui/editor/prompts.ts';

export interface HostTest {
  name: string;
  /** Skipped, and counted so, when the editor was started without a cluster. */
  needsCluster?: boolean;
  run(host: Host): Promise<void>;
}

export interface Host {
  hooks: TestHooks;
  prompts: ScriptedPrompts;
  useApp(create: CreateApp): Promise<void>;
}

export interface SuiteReport {
  passed: number;
  failed: number;
  skipped: number;
  failures: string[];
  /** Facts worth printing, such as the time of activation. */
  notes: string[];
  /** Milliseconds. */
  activation?: number;
  /** Missing when the language client did not start. */
  linter?: LintStartup;
}

/** Answers questions as a person would, by what was asked; an unexpected question fails the test. */
export class ScriptedPrompts implements Prompts {
  /** Labels to pick, in order. */
  picks: string[] = [];
  /** Lines to type, in order. */
  answers: string[] = [];
  typed: boolean[] = [];
  confirmations: boolean[] = [];
  /** Action to choose when a notification offers it. */
  actions: string[] = [];
  readonly asked: string[] = [];
  /** What stood below each question that was to be confirmed. */
  readonly details: string[] = [];
  /** Labels that each question offered, in order; what came later last. */
  readonly offered: string[][] = [];

  async pick<T>(options: PickOptions<T>): Promise<T | undefined> {
    this.asked.push(options.title);
    const label = this.picks.shift();
    const more = (await options.more?.catch(() => [])) ?? [];
    this.offered.push([...options.choices, ...more].map((choice) => choice.label));
    if (label === undefined) return undefined;
    const known = [...options.choices, ...more].find((choice) => choice.label === label);
    const value = known ?? options.typed?.(label);
    if (!value) throw new Error(`'${label}' is not offered by: ${options.title}`);
    return value.value;
  }

  async ask(options: AskOptions): Promise<string | undefined> {
    this.asked.push(options.title);
    const text = this.answers.shift();
    const problem = text === undefined ? '' : options.check?.(text);
    if (problem) throw new Error(`'${text}' is not taken by: ${options.title}: ${problem}`);
    return text;
  }

  async typeToConfirm(title: string): Promise<boolean> {
    this.asked.push(title);
    return this.typed.shift() ?? false;
  }

  async confirm(message: string, detail: string): Promise<boolean> {
    this.asked.push(message);
    this.details.push(detail);
    return this.confirmations.shift() ?? false;
  }

  async notify(level: string, message: string, ...actions: string[]): Promise<string | undefined> {
    this.asked.push(`${level}: ${message}`);
    const index = this.actions.findIndex((action) => actions.includes(action));
    return index < 0 ? undefined : this.actions.splice(index, 1)[0];
  }
}

type Nothing = undefined | null | false;

/** Resolves when `look` returns something, looked at again after each turn of the host. */
export async function eventually<T>(
  what: string,
  look: () => Nothing | T | Promise<Nothing | T>,
  seconds = 60,
): Promise<T> {
  const deadline = Date.now() + seconds * 1_000;
  for (;;) {
    const value = await look();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Runs the tests one after another and leaves the report where the launcher reads it. */
export async function runTests(tests: HostTest[], host: Omit<Host, 'prompts'>, cluster: boolean): Promise<SuiteReport> {
  const report: SuiteReport = { passed: 0, failed: 0, skipped: 0, failures: [], notes: [] };
  for (const test of tests) {
    if (test.needsCluster && !cluster) {
      report.skipped += 1;
      continue;
    }
    const prompts = new ScriptedPrompts();
    host.hooks.replacePrompts(prompts);
    const started = performance.now();
    try {
      await withDeadline(test.run({ ...host, prompts }), test.name, test.needsCluster ? 180_000 : 60_000);
      report.passed += 1;
      console.log(`ok   ${test.name} (${Math.round(performance.now() - started)} ms)`);
    } catch (error) {
      report.failed += 1;
      const asked = prompts.asked.length > 0 ? `\nasked: ${prompts.asked.join(' | ')}` : '';
      report.failures.push(
        `${test.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}${asked}`,
      );
      console.log(`FAIL ${report.failures.at(-1)}`);
    }
  }
  report.activation = host.hooks.activationMs;
  report.notes.push(`activation ${report.activation.toFixed(1)} ms`);
  const linter = host.hooks.lintStartup();
  if (linter) {
    const { wall, busy, processor } = (report.linter = linter);
    const share = processor === null ? '' : ` (processor ${processor.toFixed(1)} ms)`;
    report.notes.push(`language client ${busy.toFixed(1)} ms busy${share} of ${wall.toFixed(0)} ms`);
  }
  const file = process.env.STRATUS_HOST_REPORT;
  if (file) writeFileSync(file, JSON.stringify(report));
  return report;
}

async function withDeadline(work: Promise<void>, name: string, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} did not end within ${milliseconds / 1_000} s`)), milliseconds);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
