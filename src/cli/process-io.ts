import { createInterface } from 'node:readline';
import { harmless } from '../text/plain-text.ts';
import type { CommandIo } from './command-line.ts';
import { EXIT } from './exit-code.ts';
import { Interruptions } from './interruptions.ts';
import type { LostOutput } from './output.ts';
import { Output } from './output.ts';

/** What a shell shows for a program that SIGPIPE ended: never taken for a command that came to its end and found nothing. */
const ENDED_BY_PIPE = 141;
/** The reader has gone away, as `head` and closed terminals do; nothing went wrong. */
const READER_GONE = new Set(['EPIPE', 'EIO', 'ECONNRESET']);

/**
 * The process's own streams and signals. Output that cannot be delivered asks to stop, as a signal does: nobody sees any
 * more what is done. A command with nothing open just ends.
 */
export function processIo(): CommandIo {
  const interruptions = new Interruptions(process, process.platform);
  const output: Output = new Output(process.stdout, process.stderr, (lost) => {
    if (!interruptions.guarded) endWithoutOutput(lost, output);
    if (!READER_GONE.has(lost.code)) output.write('stderr', lostText(lost));
    interruptions.interrupt('output');
  });
  const terminal = process.stdin.isTTY && process.stderr.isTTY;
  // A terminal that goes away while nobody is asked.
  if (terminal) process.stdin.on('error', () => undefined);
  const ask = (question: string, signal?: AbortSignal) =>
    askOnTerminal(question, () => interruptions.interrupt('SIGINT'), signal);
  const colours = {
    stdout: wantsColour(process.stdout, process.env),
    stderr: wantsColour(process.stderr, process.env),
  };
  return {
    // What goes into a file or a pipe is what the cluster said, byte for byte.
    stdout: (text) => output.write('stdout', process.stdout.isTTY ? harmless(text, colours.stdout) : text),
    stderr: (text) => output.write('stderr', harmless(text, colours.stderr)),
    colours,
    confirm: terminal ? async (question, signal) => /^y(es)?$/i.test(await ask(`${question} [y/N]`, signal)) : null,
    ask: terminal ? ask : null,
    onInterrupt: (handler) => interruptions.listen(handler),
  };
}

/** A terminal, unless it or whoever sits at it says that it wants none (https://no-color.org). */
export function wantsColour(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

function lostText({ message }: LostOutput): string {
  return `stratus: the output cannot be written (${message}); what follows is dropped\n`;
}

function endWithoutOutput(lost: LostOutput, output: Output): never {
  if (READER_GONE.has(lost.code)) process.exit(ENDED_BY_PIPE);
  output.write('stderr', lostText(lost));
  process.exit(EXIT.error);
}

/** Empty when the terminal goes away. */
function askOnTerminal(question: string, interrupt: () => void, signal?: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve('');
    const reader = createInterface({ input: process.stdin, output: process.stderr });
    const answer = (text: string) => {
      resolve(text.trim());
      reader.close();
    };
    signal?.addEventListener('abort', () => answer(''), { once: true });
    reader.on('SIGINT', () => {
      answer('');
      interrupt();
    });
    reader.on('close', () => resolve(''));
    reader.on('error', () => answer(''));
    reader.question(`${harmless(question)} `, answer);
  });
}
