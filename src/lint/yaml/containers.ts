import { isMap, isSeq } from 'yaml';
import { isKubectlImage } from '../shell/wrappers.ts';
import type { RegionCollector } from './region-collector.ts';
import { isShebang } from '../shell/script-text.ts';
import { itemsOf, stringOf, valueAt, valueOf } from './yaml-tree.ts';

/** What one key of a Kubernetes manifest runs: containers of any workload, Tekton steps, Argo templates, scripts in a ConfigMap. */
export function manifestPair(
  kind: string,
  key: string,
  value: unknown,
  path: readonly string[],
  regions: RegionCollector,
): void {
  const inData = path.length === 1 && (path[0] === 'data' || path[0] === 'stringData');
  if (inData && (kind === 'ConfigMap' || kind === 'Secret')) {
    const script = stringOf(value);
    if (script !== undefined && (isShebang(script) || /\.(sh|bash)$/.test(key))) regions.script(value);
    return;
  }
  if (key === 'containers' || key === 'initContainers' || key === 'ephemeralContainers' || key === 'sidecars') {
    for (const container of itemsOf(value)) addContainer(container, regions);
  } else if ((key === 'container' || key === 'stepTemplate') && isMap(value)) addContainer(value, regions);
  else if (key === 'script' && isMap(value)) regions.script(valueOf(value, 'source'));
  else if (key === 'script') regions.script(value);
  else if (key === 'resource' && isMap(value)) addArgoResource(value, regions);
  else if (key === 'steps' && isSeq(value)) {
    for (const step of value.items) if (!valueOf(step, 'script')) addContainer(step, regions);
  }
}

/** Argo Workflows' step that runs kubectl on a manifest it holds. */
function addArgoResource(resource: unknown, regions: RegionCollector): void {
  const action = valueOf(resource, 'action');
  if (stringOf(action) !== 'delete' || valueOf(resource, 'manifest') === undefined) return;
  regions.unread(action, 'this step deletes what the manifest below describes');
}

/** A container's command and args, and what its hooks and probes run. */
function addContainer(container: unknown, regions: RegionCollector): void {
  const command = itemsOf(valueOf(container, 'command'));
  const args = itemsOf(valueOf(container, 'args'));
  const image = valueOf(container, 'image');
  const isEntryPoint = command.length === 0 && isKubectlImage(stringOf(image) ?? '');
  regions.argv([...command, ...args], isEntryPoint ? image : undefined);
  for (const handler of [
    valueAt(container, 'lifecycle', 'postStart'),
    valueAt(container, 'lifecycle', 'preStop'),
    valueOf(container, 'livenessProbe'),
    valueOf(container, 'readinessProbe'),
    valueOf(container, 'startupProbe'),
  ]) {
    regions.argv(itemsOf(valueAt(handler, 'exec', 'command')));
  }
}
