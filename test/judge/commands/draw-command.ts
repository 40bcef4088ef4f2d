import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject } from '../api.ts';
import type { App, Member } from '../app-model.ts';
import type { Random } from '../random.ts';
import { keyOf, type Snapshot } from '../snapshot.ts';

/** One kubectl command of an engineer, without the word kubectl. */
export interface DrawnCommand {
  argv: string[];
  /** An object that the command is about, which others may edit beside it; by snapshot key. */
  subject?: string;
}

/** What a command may be drawn from. */
export interface Situation {
  app: App;
  random: Random;
  /** As the cluster is now. */
  now: Snapshot;
  /** Where manifests for `-f` are put. */
  folder: string;
}

type Draw = (given: Situation) => DrawnCommand | undefined;

/** Draws a command that an engineer might type at the application as it is now. */
export function drawCommand(given: Situation): DrawnCommand {
  for (const draw of given.random.shuffle(DRAWS)) {
    const drawn = draw(given);
    if (drawn) return drawn;
  }
  throw new Error('no command fits the application');
}

const DRAWS: readonly Draw[] = [
  (s) => onWorkload(s, (member, to) => ['scale', to, `--replicas=${s.random.int(0, member.replicas + 2)}`]),
  (s) => onWorkload(s, (member, to) => ['set', 'image', to, `${member.container}=${s.app.image}-${s.random.token(3)}`]),
  (s) => onWorkload(s, (_, to) => ['set', 'env', to, `${s.random.token(6).toUpperCase()}=${s.random.token(4)}`]),
  (s) => onWorkload(s, (_, to) => ['set', 'resources', to, `--requests=cpu=${s.random.int(1, 9)}m`]),
  (s) => onWorkload(s, (_, to) => ['rollout', 'restart', to]),
  (s) => onWorkload(s, (_, to) => ['label', to, `${s.random.token(5)}=${s.random.token(4)}`]),
  (s) => onWorkload(s, (_, to) => ['patch', to, '--type=strategic', '-p', strategicPatch(s)]),
  (s) =>
    onWorkload(s, (_, to) => [
      'patch',
      to,
      '--type=merge',
      '-p',
      '{"spec":{"template":{"metadata":{"labels":{"x":"y"}}}}}',
    ]),
  (s) => onWorkload(s, (_, to) => ['delete', to]),
  (s) => onDeployment(s, (to) => ['rollout', 'pause', to]),
  (s) => onDeployment(s, (to) => ['autoscale', to, '--min=1', `--max=${s.random.int(5, 9)}`]),
  (s) => onDeployment(s, (to) => ['expose', to, `--name=${s.random.token(8)}`, `--port=${s.random.int(80, 9000)}`]),
  (s) => onService(s, (to) => ['annotate', to, `example.org/${s.random.token(4)}=${s.random.token(5)}`]),
  (s) =>
    onService(s, (to) => [
      'patch',
      to,
      '--type=json',
      '-p',
      `[{"op":"replace","path":"/spec/ports/0/targetPort","value":${s.random.int(1, 9999)}}]`,
    ]),
  (s) => onService(s, (to) => ['set', 'selector', to, `${s.app.labelKey}=${s.random.token(5)}`]),
  (s) => onService(s, (to) => ['delete', to]),
  (s) => onConfig(s, (to) => ['delete', to]),
  (s) => onConfig(s, (to) => ['annotate', to, `note-${s.random.token(3)}=x`, '--overwrite']),
  (s) => onConfig(s, (to) => ['patch', to, '-p', `{"metadata":{"labels":{"tier":"${s.random.token(4)}"}}}`]),
  (s) => ({ argv: ['create', 'configmap', s.random.token(7), `--from-literal=a=${s.random.token(5)}`] }),
  (s) => ({ argv: ['create', 'secret', 'generic', s.random.token(7), `--from-literal=k=${s.random.token(9)}`] }),
  (s) => ({ argv: ['create', 'quota', s.random.token(6), '--hard=configmaps=99'] }),
  (s) => ({ argv: ['create', 'deployment', s.random.token(8), `--image=${s.app.image}`, '--replicas=2'] }),
  (s) => ({ argv: ['create', 'serviceaccount', s.random.token(7)] }),
  (s) => ({ argv: ['delete', 'namespace', s.app.namespace] }),
  applyChanged,
  applyServerSide,
  applySeveral,
  replaceWhole,
];

const path = (key: string): string => {
  const [kind = '', , name = ''] = key.split('/');
  return `${kind.toLowerCase()}/${name}`;
};

function living<T extends { key: string }>(given: Situation, candidates: readonly T[]): T | undefined {
  const present = candidates.filter(({ key }) => given.now.has(key));
  return present.length > 0 ? given.random.pick(present) : undefined;
}

function onWorkload(given: Situation, argv: (member: Member, to: string) => string[]): DrawnCommand | undefined {
  const { app } = given;
  const all = app.members.map((member) => ({ member, key: keyOf(member.kind, app.namespace, member.workload) }));
  const found = living(given, all);
  return found && { argv: argv(found.member, path(found.key)), subject: found.key };
}

function onDeployment(given: Situation, argv: (to: string) => string[]): DrawnCommand | undefined {
  const members = given.app.members.filter(({ kind }) => kind === 'Deployment');
  return onWorkload({ ...given, app: { ...given.app, members } }, (_, to) => argv(to));
}

const services = ({ app }: Situation) =>
  app.members.map(({ service }) => ({ key: keyOf('Service', app.namespace, service.name) }));
const configs = ({ app }: Situation) =>
  app.configs.map(({ kind, name }) => ({ key: keyOf(kind, app.namespace, name) }));

function onService(given: Situation, argv: (to: string) => string[]): DrawnCommand | undefined {
  const found = living(given, services(given));
  return found && { argv: argv(path(found.key)), subject: found.key };
}

function onConfig(given: Situation, argv: (to: string) => string[]): DrawnCommand | undefined {
  const found = living(given, configs(given));
  return found && { argv: argv(path(found.key)), subject: found.key };
}

function strategicPatch({ random }: Situation): string {
  return JSON.stringify({
    metadata: { annotations: { [random.token(5)]: random.token(5) } },
    spec: { minReadySeconds: 1 },
  });
}

/** A manifest as a person keeps it: without what the server wrote. */
function manifest(object: KubeObject): KubeObject {
  const copy = structuredClone(object);
  delete copy.status;
  for (const field of ['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'managedFields'])
    delete copy.metadata[field];
  delete copy.metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration'];
  return copy;
}

function written(given: Situation, objects: readonly KubeObject[]): string {
  const file = join(given.folder, `${given.random.token(8)}.json`);
  writeFileSync(file, objects.map((object) => JSON.stringify(object)).join('\n---\n'));
  return file;
}

function changedConfig(given: Situation): { key: string; object: KubeObject } | undefined {
  const found = living(
    given,
    configs(given).filter(({ key }) => key.startsWith('ConfigMap/')),
  );
  if (!found) return undefined;
  const object = manifest(given.now.get(found.key)!);
  object.apiVersion = 'v1';
  object.data = { ...object.data, [given.random.token(5)]: given.random.token(8) };
  return { key: found.key, object };
}

function applyChanged(given: Situation): DrawnCommand | undefined {
  const changed = changedConfig(given);
  return changed && { argv: ['apply', '-f', written(given, [changed.object])], subject: changed.key };
}

function applyServerSide(given: Situation): DrawnCommand | undefined {
  const found = living(given, services(given));
  if (!found) return undefined;
  const { name, namespace } = given.now.get(found.key)!.metadata;
  const labels = { [given.random.token(5)]: given.random.token(5) };
  const object = { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace, labels } };
  return { argv: ['apply', '--server-side', '-f', written(given, [object])], subject: found.key };
}

function applySeveral(given: Situation): DrawnCommand | undefined {
  const changed = changedConfig(given);
  const name = given.random.token(7);
  const { namespace } = given.app;
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } };
  const objects = changed ? [changed.object, account] : [account];
  return { argv: ['apply', '-f', written(given, objects)], ...(changed ? { subject: changed.key } : {}) };
}

function replaceWhole(given: Situation): DrawnCommand | undefined {
  const found = living(given, services(given));
  if (!found) return undefined;
  const object = { ...manifest(given.now.get(found.key)!), apiVersion: 'v1' };
  object.metadata.labels = { ...object.metadata.labels, [given.random.token(4)]: given.random.token(4) };
  return { argv: ['replace', '-f', written(given, [object])], subject: found.key };
}
