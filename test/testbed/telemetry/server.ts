import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StartContext } from '../control-plane.ts';
import { instanceFiles } from '../instance-record.ts';
import { isRunning, logTail, type ProcessRecord } from '../processes.ts';
import { slotNetwork, type TelemetryPorts } from '../slots.ts';
import { TestbedError } from '../testbed-error.ts';

/** What starting a server of telemetry needs. Servers end with the instance, by their recorded processes. */
export interface TelemetryContext extends StartContext {
  /** Host pid of process 1 of the real node. */
  readonly node: number;
  readonly ports: TelemetryPorts;
}

/** The address servers listen on: of this machine, and reached by pods; nothing outside reaches it. */
export function addressOf({ record }: TelemetryContext): string {
  return slotNetwork(record.slot).hostAddress;
}

/** A folder for configuration and data of one server; removed with the instance. */
export function folderOf({ folder }: TelemetryContext, server: string): string {
  const path = join(instanceFiles(folder).telemetry, server);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

const READY_TIMEOUT_MS = 60_000;

/**
 * Waits until a server answers a request with a status below 300. Throws a TestbedError with the end of its log when
 * it ends or takes a minute.
 */
export async function untilAnswers(server: ProcessRecord, url: string): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    const ok = await fetch(url, { signal: AbortSignal.timeout(2000) }).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ok) return;
    if (!isRunning(server)) throw new TestbedError(`${server.name} ended while starting`, logTail(server.log));
    if (performance.now() > deadline) {
      throw new TestbedError(`${server.name} was not ready within ${READY_TIMEOUT_MS / 1000} s`, logTail(server.log));
    }
    await sleep(50);
  }
}
