import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { GatewayHarness } from '../gateway/gateway-harness.ts';
import type { ActionContext, UndoAction } from './undo-actions.ts';
import type { World } from './undo-world.ts';
import { readWorld, worldDifference } from './undo-world.ts';

const run = promisify(execFile);

/** Everything the published way would have saved: all objects in play, as they are. */
export async function snapshotRoots(gateway: GatewayHarness, context: ActionContext): Promise<KubeObject[]> {
  const world = await readWorld(gateway, context);
  const roots: KubeObject[] = [];
  for (const key of world.keys()) {
    const [kind = '', name = ''] = key.split('/');
    const object = await find(gateway, context, kind, name);
    if (object) roots.push(object);
  }
  return roots;
}

async function find(
  gateway: GatewayHarness,
  context: ActionContext,
  kind: string,
  name: string,
): Promise<KubeObject | null> {
  const resource = kind === 'Gadget' ? `gadgets.g${context.suffix}.example.test` : kind;
  const out = await gateway.kubectl('get', resource, name, '-n', context.namespace, '-o', 'json').catch(() => '');
  return out ? (JSON.parse(out) as KubeObject) : null;
}

/**
 * The published way: run the action, then bring the saved state back with `kubectl apply` of the snapshot without uid,
 * resourceVersion and last-applied annotation (Deployments and StatefulSets through a flip to `Recreate`), and delete
 * what is new. Returns what an independent comparison says.
 */
export async function applyStyleUndo(
  gateway: GatewayHarness,
  context: ActionContext,
  action: UndoAction,
  roots: KubeObject[],
  before: World,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stratus-baseline-'));
  const kubectl = (argv: string[]) =>
    run(gateway.instance.kubectl, ['--kubeconfig', gateway.instance.kubeconfig, '-n', context.namespace, ...argv], {
      timeout: 60_000,
    });
  try {
    const files = new Map<string, string>();
    for (const [name, content] of Object.entries(action.files?.(context) ?? {})) {
      files.set(name, join(folder, `${name}.json`));
      await writeFile(files.get(name)!, JSON.stringify(content));
    }
    for (const argv of action.commands(context)) {
      await kubectl(
        argv.map((word) => word.replaceAll(/\{\{([^{}]+)\}\}/g, (_, name: string) => files.get(name) ?? '')),
      );
    }
    const after = await readWorld(gateway, context);
    const touched = new Set(worldDifference(before, after).map((line) => line.split(/[.:]/)[0]!));
    let failure = '';
    for (const key of after.keys()) {
      if (before.has(key)) continue;
      const [kind = '', name = ''] = key.split('/');
      await kubectl([
        'delete',
        kind === 'Gadget' ? `gadgets.g${context.suffix}.example.test` : kind,
        name,
        '--wait=false',
      ]).catch((error: Error) => (failure ||= error.message));
    }
    for (const root of roots.filter(
      (object) =>
        touched.has(`${object.kind}/${object.metadata.name.split('.')[0]}`) ||
        touched.has(`${object.kind}/${object.metadata.name}`),
    )) {
      for (const manifest of manifests(root)) {
        const path = join(folder, 'manifest.json');
        await writeFile(path, JSON.stringify(manifest));
        await kubectl(['apply', '-f', path]).catch(
          (error: Error & { stderr?: string }) => (failure ||= error.stderr ?? error.message),
        );
      }
    }
    if (failure) return `failed: ${firstLine(failure)}`;
    const wrong = worldDifference(before, await readWorld(gateway, context));
    // The annotation that apply leaves behind is counted by itself: it is a change, but not to what runs.
    const real = wrong.filter((line) => !line.includes('last-applied-configuration'));
    if (real.length > 0) return `wrong: ${real[0]!.replaceAll(context.suffix, '…').slice(0, 140)}`;
    return wrong.length > 0 ? 'restored (leaves a last-applied annotation)' : 'restored';
  } catch (error) {
    return `failed: ${firstLine((error as Error & { stderr?: string }).stderr ?? (error as Error).message)}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function manifests(object: KubeObject): KubeObject[] {
  const copy = structuredClone(object);
  delete copy.status;
  for (const field of ['uid', 'resourceVersion', 'creationTimestamp', 'generation', 'managedFields'] as const)
    delete copy.metadata[field];
  delete copy.metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration'];
  if (object.kind !== 'Deployment' && object.kind !== 'StatefulSet') return [copy];
  const flipped = structuredClone(copy);
  flipped.spec.strategy = { type: 'Recreate' };
  return [flipped, copy];
}

function firstLine(text: string): string {
  return text.trim().split('\n').at(-1)!.slice(0, 140);
}
