import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Api } from '../api.ts';
import { makeFixtures } from '../consequences/fixtures.ts';
import { Kube } from '../consequences/kube.ts';
import { removeTraces } from '../consequences/remove-traces.ts';
import type { Dumper, Item } from '../dump/dump.ts';
import { isMarked } from '../dump/dump.ts';

/** One or more objects of every built-in kind that an engineer writes, and of the custom kinds; no two in each other's way. */
const POPULATION = [
  ...['cm', 'cm-second', 'secret', 'svc', 'slice', 'ingress', 'netpol', 'role', 'rolebinding', 'quota', 'limitrange'],
  ...['sa', 'lease', 'event', 'revision', 'resource-claim', 'resource-claim-template', 'podtemplate', 'pdb'],
  ...['node', 'web', 'api', 'rs', 'rc', 'db-claims', 'agent', 'pod', 'job-done', 'cron-history', 'hpa', 'owner-chain'],
  ...['pv-bound', 'storageclass', 'vac', 'csidriver', 'priorityclass', 'runtimeclass', 'ingressclass', 'deviceclass'],
  ...['clusterrole', 'clusterrolebinding', 'webhook', 'mutating-webhook', 'policy', 'flowschema', 'prioritylevel'],
  ...['other-ns', 'pool', 'ring', 'note-owner', 'note-big', 'sheet', 'realm'],
];

/** A namespace full of objects of all kinds, with names of its own for those that are in none. */
export class Population {
  readonly kube: Kube;
  readonly #folder: string;

  private constructor(kube: Kube, folder: string) {
    this.kube = kube;
    this.#folder = folder;
  }

  static async make(api: Api): Promise<Population> {
    const folder = mkdtempSync(join(tmpdir(), 'judge-random-'));
    const kube = new Kube(api, folder);
    await makeFixtures(kube, POPULATION);
    return new Population(kube, folder);
  }

  readonly inScope = (item: Item): boolean => isMarked(item, this.kube.suffix);

  async remove(dumper: Dumper): Promise<void> {
    await removeTraces(this.kube.api, this.kube, await dumper.fresh());
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
