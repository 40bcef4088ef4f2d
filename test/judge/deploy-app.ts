import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { goBuildStatic } from '../testbed/build.ts';
import { buildImage, importImage } from '../testbed/images.ts';
import type { Instance } from '../testbed/instance-record.ts';
import type { Report } from '../testbed/report.ts';
import type { Api } from './api.ts';
import { collectionPath, objectPath } from './api.ts';
import type { App } from './app-model.ts';
import { untilEntryAnswers } from './entry.ts';
import { renderApp } from './render.ts';
import { untilObjects } from './wait.ts';

const READY_TIMEOUT_MS = 90_000;
const GONE_TIMEOUT_MS = 90_000;

/** The program that plays every member; a generic role of the testbed's program. */
export function nodeProgram(report: Report): Promise<string> {
  return goBuildStatic(join(import.meta.dirname, '..', 'testbed', 'app'), report);
}

/** Creates the application in a namespace of its own and returns when a user's request is answered. */
export async function deployApp(api: Api, instance: Instance, app: App, program: string): Promise<void> {
  await loadImage(instance, app.image, program);
  await removeNamespace(api, app.namespace);
  await untilNamespacesGone(api, [app.namespace]);
  for (const object of renderApp(app)) {
    await api.create(collectionPath(object.kind as string, app.namespace), object);
  }
  for (const kind of ['Deployment', 'StatefulSet'] as const) await untilReady(api, app, kind);
  await untilEntryAnswers(api, app, READY_TIMEOUT_MS);
}

export async function removeNamespace(api: Api, namespace: string): Promise<void> {
  await api.remove(objectPath('Namespace', '', namespace));
}

export async function untilNamespacesGone(api: Api, namespaces: readonly string[]): Promise<void> {
  await untilObjects(api, collectionPath('Namespace'), GONE_TIMEOUT_MS, 'namespaces gone', (objects) => {
    const left = objects.map(({ metadata }) => metadata.name).filter((name) => namespaces.includes(name));
    return left.length === 0 ? '' : `left: ${left.join(', ')}`;
  });
}

async function loadImage(instance: Instance, name: string, program: string): Promise<void> {
  const files = [
    { name: 'usr/bin/member', data: readFileSync(program), mode: 0o755 },
    { name: 'tmp/', mode: 0o1777 },
  ];
  const image = buildImage({ name, files, entrypoint: ['/usr/bin/member'] });
  await importImage(instance, image);
  // Every seed has an image of its own: kept, they would fill the cache.
  rmSync(image.path, { force: true });
}

async function untilReady(api: Api, app: App, kind: 'Deployment' | 'StatefulSet'): Promise<void> {
  const wanted = app.members.filter((member) => member.kind === kind);
  await untilObjects(api, collectionPath(kind, app.namespace), READY_TIMEOUT_MS, `${kind}s ready`, (objects) => {
    const waiting = wanted.filter(({ workload, replicas }) => {
      const status = objects.find(({ metadata }) => metadata.name === workload)?.status;
      return status?.readyReplicas !== replicas || status?.updatedReplicas !== replicas;
    });
    return waiting.length === 0 ? '' : `waiting for ${waiting.map(({ workload }) => workload).join(', ')}`;
  });
}
