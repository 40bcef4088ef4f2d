import type { KubeObject } from '../domain/kube-object.ts';
import type { CommandPlan, CommandStep } from '../domain/plan.ts';
import type { Acceptance, StepRehearsal } from '../domain/transaction.ts';
import { ACCEPTANCES } from '../domain/transaction.ts';
import { secretLiterals } from '../kubectl/secret-literals.ts';
import type { ChildOutput } from './child/child.ts';
import { failureLine } from './child/child.ts';
import { Discovery } from './wire/discovery.ts';
import type { FilledOptions } from './gateway-options.ts';
import { LiveFacts } from './inventory/live-facts.ts';
import { MetadataReader } from './inventory/metadata-reader.ts';
import { KubeApi } from './wire/kube-api.ts';
import { Loopback } from './wire/loopback.ts';
import type { GatewayRequest, GatewayResponse } from './wire/messages.ts';
import { statusResponse } from './wire/messages.ts';
import { passAsUpstream } from './wire/raw-access.ts';
import type { Past } from './monitor/rehearsal-monitor.ts';
import { RehearsalMonitor } from './monitor/rehearsal-monitor.ts';
import { SecretVeil } from './secrets/secret-veil.ts';
import { WriteInspector } from './write/write-inspector.ts';

const READ_TIMEOUT_MS = 30_000;
/** For commands that really run. */
export const COMMAND_TIMEOUT_MS = 120_000;

/** Runs commands in rehearse mode. */
export class Rehearser {
  readonly inspector: WriteInspector;
  /** Of all commands that run here, and of the transaction that rehearses here. */
  readonly veil = new SecretVeil();
  readonly reader: MetadataReader;
  readonly #options: FilledOptions;
  #loopback: Promise<Loopback> | null = null;
  #current: RehearsalMonitor | null = null;

  constructor(options: FilledOptions, manager: string, accepted: readonly Acceptance[]) {
    this.#options = options;
    const raw = new KubeApi(passAsUpstream(options.steady));
    const discovery = new Discovery((path) => raw.find(path));
    this.reader = new MetadataReader(raw);
    const facts = new LiveFacts(raw, discovery, this.reader, () => options.clock.now());
    this.inspector = new WriteInspector(raw, discovery, facts, manager, accepted);
  }

  /** @param purpose `read`: of a command that only reads, which then needs nothing else */
  async run(
    step: CommandStep,
    files: CommandPlan['files'],
    past: Past,
    signal: AbortSignal,
    purpose: 'rehearse' | 'read' = 'rehearse',
  ): Promise<{
    rehearsal: StepRehearsal;
    predictions: ReadonlyMap<string, KubeObject | null>;
    output: ChildOutput | null;
  }> {
    for (const literal of secretLiterals(step.argv)) this.veil.scrubber.learnEncoded(literal);
    const ok: StepRehearsal = { argv: step.argv, ok: true, problem: '', writes: [], partial: false };
    // They wait for what a rehearsal never brings about, and write nothing.
    if (waitsOnly(step.argv) && purpose === 'rehearse') return { rehearsal: ok, predictions: new Map(), output: null };
    const { steady, kubectl, target } = this.#options;
    this.inspector.facts.forget();
    this.reader.forgetKinds();
    const monitor = new RehearsalMonitor(steady, this.inspector, this.veil, past);
    this.#current = monitor;
    this.#loopback ??= Loopback.open({ handle: (request) => this.#handle(request) }, (method, path) =>
      this.#current?.refuseStream(method, path),
    );
    const { url } = await this.#loopback;
    // While kubectl starts.
    void steady.warmUp?.();
    const output = await kubectl.run({
      argv: step.argv,
      server: url,
      namespace: target.namespace,
      context: target.context,
      files,
      timeoutMs: purpose === 'read' ? COMMAND_TIMEOUT_MS : READ_TIMEOUT_MS,
      signal,
    });
    this.#current = null;
    const { scrub } = this.veil;
    const stderr = scrub(output.stderr);
    const refusal = monitor.refusals[0]?.reason;
    const problem =
      (refusal !== undefined ? scrub(refusal) : undefined) ??
      (output.killed || (output.exitCode === 0 ? '' : failureLine(stderr)));
    const needs = ACCEPTANCES.filter(
      (need) => monitor.needs.has(need) || monitor.writes.some((write) => write.undo.needs?.includes(need)),
    );
    const rehearsal = {
      ...ok,
      ok: problem === '',
      problem,
      writes: monitor.writes,
      ...(needs.length > 0 ? { needs } : {}),
    };
    return { rehearsal, predictions: monitor.predictions, output: { ...output, stdout: scrub(output.stdout), stderr } };
  }

  async close(): Promise<void> {
    const loopback = await this.#loopback;
    this.#loopback = null;
    if (!loopback) return;
    await loopback.close();
    await this.#options.kubectl.forget(loopback.url);
  }

  /** A child that outlives its command finds nobody to talk to. */
  #handle(request: GatewayRequest): Promise<GatewayResponse> {
    return this.#current?.handle(request) ?? Promise.resolve(statusResponse(403, 'no rehearsal is running'));
  }
}

function waitsOnly(argv: string[]): boolean {
  const words = argv.filter((word) => !word.startsWith('-'));
  return words[0] === 'wait' || (words[0] === 'rollout' && words[1] === 'status');
}
