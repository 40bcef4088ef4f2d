import { objectEvents } from '../cluster/read/object-events.ts';
import { ObjectLogs } from '../cluster/read/object-logs.ts';
import type { SnapshotReader } from '../cluster/read/snapshot.ts';
import type { ObjectRef } from '../domain/kube-object.ts';
import { StratusError } from '../domain/stratus-error.ts';
import type { Target } from '../domain/target.ts';
import { failureLine } from '../gateway/child/child.ts';
import { Kubectl } from '../gateway/child/kubectl.ts';
import type { KubectlBinary } from '../gateway/child/kubectl-binary.ts';
import { readCommand } from '../gateway/read-command.ts';
import type { KubeApi } from '../gateway/wire/kube-api.ts';
import type { Upstream } from '../gateway/wire/upstream.ts';

export interface LookParts {
  target: Target;
  upstream: Upstream;
  /** In read mode. */
  api: KubeApi;
  reader: SnapshotReader;
  kubectl: () => Promise<KubectlBinary>;
  stateFolder: string;
}

/** Looking at single objects of one pinned target. */
export class TargetLooks {
  readonly logs: ObjectLogs;
  readonly #parts: LookParts;

  constructor(parts: LookParts) {
    this.#parts = parts;
    this.logs = new ObjectLogs(parts.reader, parts.api);
  }

  events(ref: ObjectRef, signal: AbortSignal): Promise<string> {
    return objectEvents(this.#parts.api, ref, signal);
  }

  /** @throws KubectlMissing, StratusError with what kubectl said */
  async describe(ref: ObjectRef, signal: AbortSignal): Promise<string> {
    const place = ref.namespace ? ['--namespace', ref.namespace] : [];
    return this.read(['describe', `${typeName(ref)}/${ref.name}`, ...place], `${ref.kind} ${ref.name}`, signal);
  }

  /**
   * The output of one kubectl command in read mode, whatever it is.
   * @param what it is about, for the error
   * @throws KubectlMissing, StratusError with what kubectl said
   */
  async read(argv: string[], what: string, signal: AbortSignal): Promise<string> {
    const { target, upstream, stateFolder } = this.#parts;
    const kubectl = new Kubectl(await this.#parts.kubectl(), stateFolder, target.fingerprint);
    const { exitCode, stdout, stderr, killed } = await readCommand(argv, { upstream, kubectl, target }, signal);
    if (exitCode !== 0) throw new StratusError('api', `${what}: ${killed || failureLine(stderr)}`);
    return stdout;
  }
}

/** `Deployment.v1.apps`: no other group that serves the same kind can be meant. */
function typeName({ apiVersion, kind }: ObjectRef): string {
  const [group, version] = apiVersion.split('/');
  return version === undefined ? kind : `${kind}.${version}.${group}`;
}
