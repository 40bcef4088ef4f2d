import { execFile } from 'node:child_process';
import * as z from 'zod/mini';
import type { Clock } from '../../domain/clock.ts';
import { untrustedLine } from '../../text/redact.ts';
import { SourceProblem } from '../wire/source-problem.ts';
import type { Environment } from './aws-profile.ts';
import { readProfile } from './aws-profile.ts';

export interface AwsKeys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  /** Milliseconds since the epoch; absent: they stay. */
  expiresAt?: number;
}

/** New ones are fetched this long before they expire. */
const BEFORE_END_MS = 2 * 60_000;
const CLI_LIMIT_MS = 15_000;

/** `aws configure export-credentials --format process` */
const EXPORTED = z.object({
  AccessKeyId: z.string().check(z.minLength(1)),
  SecretAccessKey: z.string().check(z.minLength(1)),
  SessionToken: z.optional(z.nullable(z.string())),
  Expiration: z.optional(z.nullable(z.string())),
});

/** Runs the `aws` command. @returns what it prints, or null where there is no such command */
export type RunAws = (argv: readonly string[], signal: AbortSignal) => Promise<string | null>;

/**
 * Keys for AWS, from where its own tools take them: environment, then the profile's own keys, then whatever the `aws`
 * command can get (single sign-on, roles, processes, machines). Kept until shortly before they expire.
 */
export class AwsCredentials {
  readonly #profile: string | undefined;
  readonly #env: Environment;
  readonly #clock: Clock;
  readonly #runAws: RunAws;
  #keys: AwsKeys | null = null;

  constructor(profile: string | undefined, env: Environment, clock: Clock, runAws: RunAws = awsCommand(env)) {
    this.#profile = profile;
    this.#env = env;
    this.#clock = clock;
    this.#runAws = runAws;
  }

  /** @throws SourceProblem unauthorized, saying what to do */
  async keys(signal: AbortSignal): Promise<AwsKeys> {
    const { expiresAt = Number.POSITIVE_INFINITY } = this.#keys ?? {};
    if (this.#keys && expiresAt - BEFORE_END_MS > this.#clock.now()) return this.#keys;
    this.#keys = this.#ofEnvironment() ?? (await this.#ofProfile()) ?? (await this.#ofCommand(signal));
    return this.#keys;
  }

  /** They were refused: the next question asks for others. */
  forget(): void {
    this.#keys = null;
  }

  #ofEnvironment(): AwsKeys | null {
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = this.#env;
    // A profile that was asked for by name is meant.
    if (this.#profile !== undefined || !AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) return null;
    return keysOf(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN);
  }

  get #name(): string {
    return this.#profile ?? (this.#env.AWS_PROFILE || this.#env.AWS_DEFAULT_PROFILE || 'default');
  }

  async #ofProfile(): Promise<AwsKeys | null> {
    const profile = await this.#read();
    if (!profile?.aws_access_key_id || !profile.aws_secret_access_key || profile.role_arn) return null;
    return keysOf(profile.aws_access_key_id, profile.aws_secret_access_key, profile.aws_session_token);
  }

  async #read() {
    try {
      return await readProfile(this.#name, this.#env);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new SourceProblem('unauthorized', `cannot be asked: the files of AWS cannot be read (${code})`, {
        cause: error,
      });
    }
  }

  async #ofCommand(signal: AbortSignal): Promise<AwsKeys> {
    const named = this.#profile ?? this.#env.AWS_PROFILE;
    const argv = ['configure', 'export-credentials', '--format', 'process', ...(named ? ['--profile', named] : [])];
    const printed = await this.#runAws(argv, signal);
    if (printed === null)
      throw new SourceProblem(
        'unauthorized',
        `cannot be asked: there are no keys of AWS in the environment or in profile ${untrustedLine(this.#name, 60)}, and no aws command that gets some: set AWS_PROFILE, or install it`,
      );
    const found = z.safeParse(EXPORTED, jsonOf(printed));
    if (!found.success)
      throw new SourceProblem(
        'unauthorized',
        'cannot be asked: the aws command gives no keys: run aws login or aws sso login',
      );
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = found.data;
    const end = Date.parse(Expiration ?? '');
    if (end <= this.#clock.now())
      throw new SourceProblem(
        'unauthorized',
        'cannot be asked: its credentials have expired: run aws sso login, or renew them',
      );
    return {
      ...keysOf(AccessKeyId, SecretAccessKey, SessionToken ?? undefined),
      ...(end > 0 ? { expiresAt: end } : {}),
    };
  }
}

function keysOf(accessKeyId: string, secretAccessKey: string, sessionToken: string | undefined): AwsKeys {
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The schema says that these are no keys.
    return undefined;
  }
}

/** The command of AWS on this machine. @throws SourceProblem with what it says where it fails */
export function awsCommand(env: Environment): RunAws {
  return (argv, signal) =>
    new Promise((resolve, reject) => {
      const options = { env: { ...env }, timeout: CLI_LIMIT_MS, maxBuffer: 1 << 20, signal, windowsHide: true };
      execFile('aws', [...argv], options, (error, stdout, stderr) => {
        if (!error) return resolve(stdout);
        if (error.code === 'ENOENT') return resolve(null);
        const said = untrustedLine(stderr.trim().split('\n').at(-1), 200);
        const why = said ? `the aws command says: ${said}` : 'the aws command did not end in time';
        reject(new SourceProblem('unauthorized', `cannot be asked: ${why}`, { cause: error }));
      });
    });
}
