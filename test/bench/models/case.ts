import { globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { KnownAction } from '../../../src/domain/action.ts';
import type { BrainDiagnosis, EvidenceReads, Proposal } from '../../../src/domain/brain.ts';
import type { KubeObject, ObjectRef } from '../../../src/domain/kube-object.ts';
import type { Severity } from '../../../src/domain/severity.ts';
import type { ClusterSnapshot } from '../../../src/domain/snapshot.ts';
import type { Target } from '../../../src/domain/target.ts';
import type { Truth } from '../../catalogue/truth/truth.ts';

/** Where cases are kept unless told otherwise; outside of what is committed. */
export const CASES = join(import.meta.dirname, '..', '..', '..', 'test-results', 'cases');
const VERSION = 1;

export interface RecordedLog {
  namespace: string;
  pod: string;
  container: string;
  previous: boolean;
  lines: string[];
}

/** One incident as a brain is given it, and beside it what the catalogue knows. Values of Secrets are blank. */
export interface Case {
  version: number;
  /** Of the catalogue, as `family:fault`. */
  entry: string;
  family: string;
  seed: number;
  commit: string;
  machine: string;
  /** ISO 8601. */
  at: string;
  /** Whom it is asked for; the fingerprint is left out. */
  target: Target;
  /** The request that users make, as the product is told it. */
  check: string;
  snapshot: ClusterSnapshot;
  severity: Severity;
  actions: readonly KnownAction[];
  /** Of the playbooks, with the plan that they would try first. */
  diagnosis: BrainDiagnosis;
  proposal: Proposal;
  /** Of every container of the namespace, now and before its last restart, where there is one. */
  logs: RecordedLog[];
  /** What the playbooks read beside: lists by `apiVersion/Kind/namespace`, objects the same with their name. */
  lists: Record<string, KubeObject[]>;
  objects: Record<string, KubeObject | null>;
  truth: Truth;
}

export const nameOf = ({ entry, seed }: Pick<Case, 'entry' | 'seed'>): string =>
  `${entry.replaceAll(':', '_')}-${seed}.json.gz`;

export function writeCase(folder: string, one: Omit<Case, 'version'>): void {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, nameOf(one));
  writeFileSync(`${path}.new`, gzipSync(JSON.stringify({ version: VERSION, ...one })));
  renameSync(`${path}.new`, path);
}

/** All of a folder, by name. @throws Error when there are none, or one cannot be read */
export function readCases(folder: string): Case[] {
  const files = globSync('*.json.gz', { cwd: folder }).sort();
  if (files.length === 0)
    throw new Error(`no case in ${folder}: record some with npm run bench -- record-cases --cluster NAME`);
  return files.map((file) => {
    const one = JSON.parse(gunzipSync(readFileSync(join(folder, file))).toString()) as Case;
    if (one.version !== VERSION)
      throw new Error(`${file} is of version ${one.version}, not ${VERSION}: record it anew`);
    return one;
  });
}

export const keyOf = (
  { apiVersion, kind }: Pick<ObjectRef, 'apiVersion' | 'kind'>,
  namespace = '',
  name = '',
): string => [apiVersion, kind, namespace, name].filter(Boolean).join('/');

/** Reads what was recorded; for what was not, what the snapshot says. */
export function readsOf(one: Case): EvidenceReads {
  const inSnapshot = ({ apiVersion, kind }: Pick<ObjectRef, 'apiVersion' | 'kind'>): KubeObject[] =>
    Object.values(one.snapshot.objects)
      .flat()
      .filter((object) => object.kind === kind && object.apiVersion === apiVersion);
  return {
    readLog: async (namespace, pod, container, previous) =>
      one.logs.find(
        (log) =>
          log.namespace === namespace && log.pod === pod && log.container === container && log.previous === previous,
      )?.lines ?? [],
    async get(ref) {
      const known = one.objects[keyOf(ref, ref.namespace, ref.name)];
      if (known !== undefined) return known;
      return (
        inSnapshot(ref).find(({ metadata }) => metadata.name === ref.name && metadata.namespace === ref.namespace) ??
        null
      );
    },
    async list(kind, namespace) {
      const known = one.lists[keyOf(kind, namespace)];
      return known ?? inSnapshot(kind).filter(({ metadata }) => !namespace || metadata.namespace === namespace);
    },
  };
}
