import { constants } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Outcome, RunEvent } from '../domain/run-event.ts';
import { readLogLine } from '../domain/run-log-line.ts';
import type { Target } from '../domain/target.ts';
import { openOwn, readOwn, UntrustedPath } from '../gateway/disk/trusted-files.ts';
import { StratusError } from '../domain/stratus-error.ts';
import { RunLog } from './run-log.ts';

/** A run of any window or terminal, from its event log. */
export interface PastRun {
  id: string;
  target: Target;
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** Null when the log has no result: the run was interrupted, or goes on in another process. */
  outcome: Outcome | null;
  /** Transactions that it had kept when it ended; empty without a result. */
  kept: string[];
  /** A live process is at work on it. */
  active: boolean;
}

const NAME = /^run-[a-z0-9-]{1,64}$/;
/** Enough for the last line, which holds the result with its findings. */
const TAIL_BYTES = 256 << 10;
const HEAD_BYTES = 64 << 10;

/** The newest `limit` runs of the state folder, newest first. A log that cannot be read is left out. */
export async function listRuns(stateFolder: string, limit: number): Promise<PastRun[]> {
  // No folder: no runs.
  const files = await readdir(join(stateFolder, 'runs')).catch(() => []);
  const ids = files.filter((file) => file.endsWith('.jsonl')).map((file) => file.slice(0, -'.jsonl'.length));
  // The time of the start is the first part of the name.
  const newest = ids
    .filter((id) => NAME.test(id))
    .sort()
    .reverse()
    .slice(0, limit);
  // A damaged log is left out here, and named when it is opened.
  const runs = await Promise.all(newest.map((id) => summary(stateFolder, id).catch(() => null)));
  return runs.filter((run) => run !== null);
}

/**
 * All events of one run, oldest first, of this version or an older one; a torn last line, and kinds of events that only a
 * newer version knows, are left out.
 * @throws Error when there is no such log or it is damaged
 */
export async function readRun(stateFolder: string, id: string): Promise<RunEvent[]> {
  if (!NAME.test(id)) throw new StratusError('unknown-run', `'${id.slice(0, 80)}' is not the name of a run`);
  const bytes = await readOwn(join(stateFolder, 'runs', `${id}.jsonl`)).catch((error: unknown) => {
    if (error instanceof UntrustedPath) throw error;
    throw new StratusError('unknown-run', `the event log of ${id} is not there any more`);
  });
  const text = bytes.toString('utf8');
  const lines = text.split('\n');
  const torn = lines.pop();
  const events = lines.flatMap((line, index): RunEvent[] => {
    const read = readLogLine(line);
    if (read.state === 'damaged')
      throw new StratusError('log-damaged', `the event log of ${id} is damaged in line ${index + 1}: ${read.problem}`);
    return read.state === 'event' ? [read.event] : [];
  });
  const last = torn ? parse(torn) : null;
  if (last) events.push(last);
  if (events[0]?.type !== 'started')
    throw new StratusError('log-damaged', `the event log of ${id} does not begin with the start of the run`);
  return events;
}

async function summary(stateFolder: string, id: string): Promise<PastRun | null> {
  const file = await openOwn(join(stateFolder, 'runs', `${id}.jsonl`), constants.O_RDONLY);
  try {
    const { size } = await file.stat();
    const head = await read(Math.min(size, HEAD_BYTES), 0);
    const started = parse(head.slice(0, head.indexOf('\n')));
    if (started?.type !== 'started') return null;
    const start = Math.max(0, size - TAIL_BYTES);
    const last = (await read(size - start, start)).trimEnd().split('\n').at(-1) ?? '';
    const result = parse(last);
    const end = result?.type === 'result' ? result.result : null;
    return {
      id,
      target: started.target,
      startedAt: started.at,
      outcome: end?.outcome ?? null,
      kept: end?.transactions ?? [],
      active: !end && (await RunLog.isOpen(stateFolder, id)),
    };
  } finally {
    await file.close();
  }

  async function read(length: number, position: number): Promise<string> {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
    return buffer.toString('utf8', 0, bytesRead);
  }
}

function parse(line: string): RunEvent | null {
  const read = readLogLine(line);
  return read.state === 'event' ? read.event : null;
}
