import type { KubeObject } from '../../domain/kube-object.ts';
import type { PreparedAction } from '../../runbook/prepared-action.ts';
import type { PartName } from '../../runbook/runbook-action.ts';
import { untrustedLine } from '../../text/redact.ts';
import type { ExecResult } from '../wire/exec-stream.ts';
import { execInContainer } from '../wire/exec-stream.ts';
import type { Upstream } from '../wire/upstream.ts';
import { pinStateOf } from './pinned-container.ts';

const MAX_ERROR = 16 * 1024;
/** What parts other than the snapshot print is not kept; more than this ends them. */
const MAX_OUTPUT = 256 * 1024;
/** Begins a line of standard error that its author wrote for people. */
const SAID = 'stratus: ';
const MAX_SAID = 300;

/** How one command of an action ended. */
export interface PartResult extends Pick<ExecResult, 'started' | 'exitCode'> {
  /** Only of a snapshot that ended well, else empty. */
  output: Buffer;
  /** Why it did not end with 0, for people; empty when it did. */
  problem: string;
  /** The pod or image is another one; nothing was sent. */
  gone: boolean;
  /** The container does not run now; nothing was sent. */
  waiting: boolean;
}

export interface RunnerOptions {
  upstream: Upstream;
  /** The pod as it is now, null when it is gone. */
  getPod(action: PreparedAction): Promise<KubeObject | null>;
}

/** Runs single commands of actions, each in the container that was pinned and in no other. */
export class ActionRunner {
  readonly #options: RunnerOptions;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** @throws UpstreamError, and what `getPod` throws */
  async run(action: PreparedAction, name: PartName, snapshot: Buffer | null, signal: AbortSignal): Promise<PartResult> {
    const part = action.parts[name]!;
    const { at } = action.call;
    const none = { started: false, exitCode: null, output: Buffer.alloc(0), gone: false, waiting: false };
    const before = pinStateOf(at, await this.#options.getPod(action));
    if (before.state !== 'ready')
      return { ...none, problem: before.reason, gone: before.state === 'gone', waiting: before.state === 'waiting' };
    const ended = await execInContainer(this.#options.upstream, {
      ...{ namespace: at.namespace, pod: at.pod, container: at.container },
      command: part.command,
      stdin: part.stdin ? snapshot : null,
      maxOutput: name === 'snapshot' ? action.bytes : MAX_OUTPUT,
      maxError: MAX_ERROR,
      timeoutMs: action.seconds * 1000,
      changes: name === 'do' || name === 'undo',
      signal,
    });
    const { started, exitCode } = ended;
    // A name is all that the request carries: whose it was is known only if it still is.
    const after = started ? pinStateOf(at, await this.#options.getPod(action)) : before;
    if (after.state === 'gone')
      return { ...none, started, problem: `meanwhile ${after.reason}: what ran is not known`, gone: true };
    const said = saidIn(ended.stderr);
    return {
      ...none,
      started,
      exitCode,
      output: name === 'snapshot' && exitCode === 0 ? ended.stdout : none.output,
      problem: ended.problem && (said ? `${said} (${ended.problem})` : ended.problem),
    };
  }
}

/** What the command says to people. All else it prints may hold what nobody should see. */
function saidIn(stderr: Buffer): string {
  const line = stderr
    .toString('utf8')
    .split('\n')
    .findLast((text) => text.startsWith(SAID));
  return line === undefined ? '' : untrustedLine(line.slice(SAID.length), MAX_SAID);
}
