import { parseArgs } from 'node:util';
import type { Acceptance } from '../domain/transaction.ts';
import { ACCEPTANCES } from '../domain/transaction.ts';
import type { AppConfig } from '../run/app-config.ts';
import type { StratusApp } from '../run/app.ts';
import { didYouMean } from '../text/edit-distance.ts';
import type { StopRequest } from './interruptions.ts';
import { COMMAND_USAGE, UsageError } from './usage.ts';

/** Everything a command needs from the process; a test passes its own. */
export interface CommandIo {
  stdout(text: string): void;
  stderr(text: string): void;
  /** Asks a yes/no question on the terminal; null where there is no terminal to ask on. */
  confirm: ((question: string, signal?: AbortSignal) => Promise<boolean>) | null;
  /** Asks for a line of text; empty when the terminal goes away. Null where `confirm` is. */
  ask: ((question: string, signal?: AbortSignal) => Promise<string>) | null;
  /** Which of the two are terminals that want colour. */
  colours: Record<'stdout' | 'stderr', boolean>;
  /**
   * Runs `handler`, until disposed, whenever the command is asked to stop: by a signal, or by output that nobody takes any
   * more. From the first call on nothing of that ends the process by itself.
   */
  onInterrupt(handler: (by: StopRequest) => void): { dispose(): void };
}

/** Opens the application. @param more what the words of the command add to the environment's configuration */
export type OpenApp = (more?: Partial<AppConfig>) => Promise<StratusApp>;

interface OptionSpec {
  type: 'string' | 'boolean';
  multiple?: boolean;
  /** One letter, for words that kubectl's users have in their fingers. */
  short?: string;
}
export type Options = Record<string, OptionSpec>;

export const TARGET_OPTIONS = {
  context: { type: 'string' },
  namespace: { type: 'string', short: 'n' },
} as const satisfies Options;

export interface ParsedCommand {
  text(name: string): string | undefined;
  flag(name: string): boolean;
  list(name: string): string[];
  positionals: string[];
}

/** Parses a command's words strictly. @throws UsageError that names the word and the command's help. */
export function parseCommand(command: string, args: string[], options: Options): ParsedCommand {
  try {
    const { values: typed, positionals } = parseArgs({
      args,
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
      strict: true,
    });
    const values: Record<string, unknown> = typed;
    return {
      text: (name) => values[name] as string | undefined,
      flag: (name) => values[name] === true,
      list: (name) => (values[name] as string[] | undefined) ?? [],
      positionals,
    };
  } catch (error) {
    const message = error instanceof Error ? error.message.split('. ')[0] : String(error);
    const unknown = /^Unknown option '(-[^']*)'/.exec(message ?? '')?.[1] ?? '';
    const known = Object.keys(options).map((name) => `--${name}`);
    throw new UsageError(`${command}: ${message}${didYouMean(unknown, known) || `; see 'stratus ${command} --help'`}`);
  }
}

export function rejectPositionals(command: string, parsed: ParsedCommand): void {
  const [word] = parsed.positionals;
  if (word !== undefined)
    throw new UsageError(`${command}: unexpected word '${word}'; see 'stratus ${command} --help'`);
}

/** A whole number within bounds. @throws UsageError */
export function numberOption(
  command: string,
  parsed: ParsedCommand,
  name: string,
  range: [number, number],
): number | undefined {
  const text = parsed.text(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < range[0] || value > range[1]) {
    throw new UsageError(`${command}: --${name} wants a whole number from ${range[0]} to ${range[1]}, not '${text}'`);
  }
  return value;
}

/** What the engineer accepts: `--accept unknown,losses`, or one by one. @throws UsageError */
export function acceptOption(command: string, parsed: ParsedCommand): Acceptance[] {
  const words = parsed.list('accept').flatMap((text) => text.split(','));
  const wrong = words.find((word) => !ACCEPTANCES.includes(word as Acceptance));
  if (wrong !== undefined)
    throw new UsageError(`${command}: --accept takes ${ACCEPTANCES.join(' and ')}, not '${wrong}'`);
  return ACCEPTANCES.filter((one) => words.includes(one));
}

export function helpOf(command: string): string | undefined {
  return COMMAND_USAGE[command];
}

/** `--yes`, or a terminal to ask on; otherwise a usage error, because writing unasked is never the default. */
export function needConsent(command: string, yes: boolean, io: CommandIo): void {
  if (!yes && !io.confirm) {
    throw new UsageError(`${command}: there is no terminal to ask on; add --yes to write without asking`);
  }
}

/** Whether a request or a pause ended only because of the signal; an undo never listens to one. */
export function wasStopped(error: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false;
  return error === signal.reason || (error instanceof Error && 'reason' in error && error.reason === 'aborted');
}
