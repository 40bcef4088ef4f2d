import type { KubeObject } from '../../judge/api.ts';
import type { Cluster } from '../cluster.ts';
import type { Proposal } from './proposals.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * The published undo: what is there is stored before, and applied again after; a rollback is followed by another one, and
 * what was created is deleted. Fields that the attempt added stay, because apply knows nothing of them.
 */
export class NaiveUndo {
  readonly #cluster: Cluster;
  readonly #inverses: (() => Promise<boolean>)[] = [];

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async store({ commands, changes, files }: Proposal, paths: ReadonlyMap<string, string>): Promise<void> {
    for (const [index, argv] of commands.entries()) {
      if (argv[0] === 'rollout' && argv[1] === 'undo') {
        const target = argv.filter((word) => !word.startsWith('--to-revision'));
        this.#inverses.push(() => this.#try(target));
      } else if (argv[0] === 'create') {
        const file = files.find(({ name }) => argv.includes(`{{${name}}}`));
        if (file) this.#inverses.push(() => this.#try(['delete', '--ignore-not-found', '-f', paths.get(file.name)!]));
      } else if (changes[index]) {
        const found = await this.#cluster.find(changes[index]).catch(() => undefined);
        if (found) this.#inverses.push(() => this.#try(['apply', '-f', '-'], JSON.stringify(stored(found))));
      }
    }
  }

  /** Last first. @returns how many commands wrote something */
  async undo(): Promise<number> {
    let writes = 0;
    for (const inverse of this.#inverses.splice(0).reverse()) writes += (await inverse()) ? 1 : 0;
    return writes;
  }

  async #try(argv: readonly string[], input?: string): Promise<boolean> {
    return (await this.#cluster.tryKubectl(argv, input)).code === 0;
  }
}

/** An object as the published code stores it: without version, identity and what was applied last. */
export function stored(object: KubeObject): KubeObject {
  const copy = structuredClone(object);
  delete copy.status;
  for (const field of ['resourceVersion', 'uid', 'managedFields']) delete copy.metadata[field];
  delete copy.metadata.annotations?.[LAST_APPLIED];
  return copy;
}
