/** A generated application, before it becomes Kubernetes objects. All names are drawn from the seed. */
export interface App {
  seed: number;
  namespace: string;
  /** Image of all members: repository and tag. */
  image: string;
  labelKey: string;
  /** Labels that every object carries. */
  commonLabels: Record<string, string>;
  /** Whether objects look as if `kubectl apply` had made them (last-applied annotation). */
  applied: boolean;
  /** The first one is the entry that users talk to; each other one is called, directly or not, by the entry. */
  members: Member[];
  /** Path that users ask the entry for. */
  path: string;
  /** Objects that hold settings, with their content. */
  configs: ConfigObject[];
}

export type WorkloadKind = 'Deployment' | 'StatefulSet';

export interface Member {
  workload: string;
  kind: WorkloadKind;
  replicas: number;
  container: string;
  port: number;
  /** Name of the container's port; without one the Service and the probes use its number. */
  portName?: string;
  probe: 'http' | 'tcp';
  service: MemberService;
  /** Names of the workloads that it asks on each request. */
  calls: string[];
  settings: Setting[];
  volume?: Volume;
  /** Deployment only. All but `gradual` let no old pod serve while a broken revision rolls out. */
  rollout: 'recreate' | 'all-at-once' | 'gradual';
  /** StatefulSet only. */
  podManagement: 'OrderedReady' | 'Parallel';
}

export interface MemberService {
  name: string;
  port: number;
  portName?: string;
  targetPort: number | string;
  /** A second port of the Service that leads to the same container port. */
  extraPort?: { name: string; port: number };
}

export interface ConfigObject {
  kind: 'ConfigMap' | 'Secret';
  name: string;
  data: Record<string, string>;
}

/** One key of a ConfigMap or Secret that a member refuses to start without. */
export interface Setting {
  kind: 'ConfigMap' | 'Secret';
  object: string;
  key: string;
  /** Given as this environment variable, or as a file `path` in the folder `mount`. */
  env?: string;
  file?: { volume: string; mount: string; path: string };
}

export interface Volume {
  name: string;
  /** Name of the claim that the first pod uses. */
  claim: string;
  mount: string;
  /** StatefulSet only: the claim comes from a claim template. */
  fromTemplate: boolean;
}

export function entryOf(app: App): Member {
  const entry = app.members[0];
  if (!entry) throw new Error('an application has at least an entry');
  return entry;
}

export function memberNamed(app: App, workload: string): Member {
  const found = app.members.find((member) => member.workload === workload);
  if (!found) throw new Error(`no member ${workload} in the application of seed ${app.seed}`);
  return found;
}

/**
 * Whether a broken pod template of this member makes it stop serving: a gradual rollout, or a StatefulSet that
 * replaces one pod of several, keeps old pods answering.
 */
export function stopsServingWhenRollingOut(member: Member): boolean {
  return member.kind === 'Deployment' ? member.rollout !== 'gradual' : member.replicas === 1;
}
