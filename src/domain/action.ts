import type { UndoForecast } from './transaction.ts';

/** One container of one pod: not another of the same name, and not another image. */
export interface PinnedContainer {
  namespace: string;
  pod: string;
  uid: string;
  container: string;
  /** As the kubelet reports it, with the digest. */
  imageId: string;
}

/** A declared action (docs/runbooks.md) with all that one use of it needs. */
export interface ActionCall {
  name: string;
  /** SHA-256 of the reviewed file. */
  digest: string;
  at: PinnedContainer;
  inputs: Record<string, string>;
}

/** What the gateway needs of a step that is an action. */
export interface ActionStep {
  action: ActionCall;
}

/** What a rehearsal says about an action: its snapshot was taken and its check could be run, nothing else was. */
export interface RehearsedAction {
  title: string;
  /** Who notices, as its author says it. */
  reaches: string;
  image: string;
  /** Commands as they are sent. */
  does: string[];
  undoes: string[];
  /** Bytes of the snapshot. */
  snapshot: number;
  undo: UndoForecast;
}

/** A declared action that can be had here. */
export interface KnownAction {
  name: string;
  digest: string;
  title: string;
  /** False: a person has to allow it first. */
  allowed: boolean;
}

/** The command line that runs an action by hand; it also stands for it where commands are listed. */
export function actionArgv({ name, at, inputs }: ActionCall): string[] {
  const pairs = Object.keys(inputs)
    .sort()
    .flatMap((key) => ['--set', `${key}=${inputs[key]}`]);
  return ['runbook', 'run', name, '-n', at.namespace, '--pod', at.pod, '--container', at.container, ...pairs];
}
