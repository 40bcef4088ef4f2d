import { isScalar } from 'yaml';
import type { Document } from 'yaml';
import type { Region } from '../regions/region.ts';
import { manifestPair } from './containers.ts';
import { RegionCollector } from './region-collector.ts';
import { addTaskfile } from './taskfile.ts';
import { addWorkflow } from './workflows.ts';
import { eachPair, itemsOf, stringOf, valueAt, valueOf } from './yaml-tree.ts';

/** Keys whose text, or list of texts, is shell in every tool that uses them. */
const SCRIPT_KEYS = new Set([
  'before_script',
  'after_script',
  'after-script',
  'after_success',
  'after_failure',
  'before_install',
  'before_deploy',
  'after_deploy',
  'script',
  'bash',
  'cmds',
  'cmd',
  'run',
  'shell',
  'ansible.builtin.shell',
  'ansible.builtin.command',
  'commands',
  'pre_script',
  'post_script',
]);
/** Azure Pipelines steps and Ansible tasks. */
const FOREIGN_KEYS = new Set(['pwsh', 'powershell', 'win_shell', 'ansible.windows.win_shell']);
/** Ansible modules that take a command as a list under `argv`. */
const ARGV_KEYS = new Set(['command', 'ansible.builtin.command', 'ansible.legacy.command']);

/** The pieces of a YAML document that run commands, whichever of the known tools reads it. */
export function yamlRegions(text: string, documents: readonly Document.Parsed[]): Region[] {
  const regions = new RegionCollector(text);
  for (const document of documents) {
    const root = document.contents;
    if (addWorkflow(root, regions) || addTaskfile(root, regions)) continue;
    const kind = stringOf(valueOf(root, 'kind'));
    const manifest = kind !== undefined && valueOf(root, 'apiVersion') !== undefined;
    eachPair(root, (key, value, map, path) => {
      if (manifest) manifestPair(kind, key, value, path, regions);
      else if (ARGV_KEYS.has(key) && valueOf(value, 'argv')) regions.argv(itemsOf(valueOf(value, 'argv')));
      else if (SCRIPT_KEYS.has(key)) regions.script(value);
      else if (FOREIGN_KEYS.has(key)) regions.script(value, 'PowerShell');
      else if (key === 'task' && /^Kubernetes@/.test(stringOf(value) ?? '')) addKubernetesTask(value, map, regions);
      else if (key === 'command' && isScalar(value) && path.at(-1) !== 'with') regions.script(value);
      else if (key === 'command' || key === 'entrypoint') regions.argv(itemsOf(value));
    });
  }
  return regions.regions;
}

/** Azure Pipelines' own kubectl task. */
function addKubernetesTask(task: unknown, step: unknown, regions: RegionCollector): void {
  const command = valueAt(step, 'inputs', 'command');
  const text = valueAt(step, 'inputs', 'arguments');
  if (command !== undefined) regions.pieces(task, text === undefined ? [command] : [command, text]);
}
