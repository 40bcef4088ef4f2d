import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject } from '../app/kubectl.ts';
import type { Instance } from '../instance-record.ts';

/** What an injection changed, kept in the instance's state folder until it is healed. */
export interface FaultRecord {
  name: string;
  namespace: string;
  target: string;
  /** The touched objects as they were before, in the order in which the fault lists them. */
  before: KubeObject[];
}

export function writeFaultRecord(instance: Instance, record: FaultRecord): void {
  mkdirSync(folder(instance), { recursive: true, mode: 0o700 });
  writeFileSync(file(instance, record.name), `${JSON.stringify(record)}\n`, { mode: 0o600 });
}

export function readFaultRecord(instance: Instance, name: string): FaultRecord | undefined {
  const path = file(instance, name);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as FaultRecord) : undefined;
}

/** All faults that were injected and not healed. */
export function faultRecords(instance: Instance): FaultRecord[] {
  if (!existsSync(folder(instance))) return [];
  return readdirSync(folder(instance))
    .filter((entry) => entry.endsWith('.json'))
    .map((entry) => JSON.parse(readFileSync(join(folder(instance), entry), 'utf8')) as FaultRecord);
}

export function removeFaultRecord(instance: Instance, name: string): void {
  rmSync(file(instance, name), { force: true });
}

function folder(instance: Instance): string {
  return join(instance.stateFolder, 'faults');
}

function file(instance: Instance, name: string): string {
  return join(folder(instance), `${name}.json`);
}
