import { isScalar } from 'yaml';
import type { Document } from 'yaml';
import { foreignShell } from '../regions/region.ts';
import type { Region } from '../regions/region.ts';
import { addCommandMap } from './command-map.ts';
import { manifestPair } from './containers.ts';
import { RegionCollector } from './region-collector.ts';
import { addTaskfile } from './taskfile.ts';
import { addUnclaimed } from './unclaimed.ts';
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
  'commands',
  'pre_script',
  'post_script',
  'inlineScript',
]);
/** Ansible's modules that run a command or a script, with and without their collection. */
const MODULE =
  /^(?:(?:ansible\.(?:builtin|legacy|windows|netcommon)|community\.\w+)\.)?(shell|command|raw|win_shell|win_command)$/;
/** Azure Pipelines steps and Ansible tasks. */
const FOREIGN_KEYS = new Set(['pwsh', 'powershell', 'win_shell']);
/** Maps of variables that every script of the document sees. */
const VARIABLE_KEYS = new Set(['env', 'variables', 'environment']);

/** The pieces of a YAML document that run commands, whichever tool reads it. */
export function yamlRegions(text: string, documents: readonly Document.Parsed[]): Region[] {
  return documents.flatMap((document) => {
    const regions = new RegionCollector(text, document);
    const root = document.contents;
    addVariables(root, regions);
    if (!addWorkflow(root, regions) && !addTaskfile(root, regions)) addDocument(root, regions);
    addUnclaimed(root, regions);
    return regions.regions;
  });
}

function addDocument(root: unknown, regions: RegionCollector): void {
  const kind = stringOf(valueOf(root, 'kind'));
  const manifest = kind !== undefined && valueOf(root, 'apiVersion') !== undefined;
  eachPair(root, (key, value, map, path) => {
    if (manifest) return manifestPair(kind, key, value, path, regions);
    const module = MODULE.exec(key)?.[1];
    if (module && valueOf(value, 'argv')) regions.argv(itemsOf(valueOf(value, 'argv')));
    else if (FOREIGN_KEYS.has(module ?? key)) regions.script(value, 'PowerShell');
    else if (key === 'inlineScript') regions.script(value, foreignShell(scriptType(map)));
    else if (SCRIPT_KEYS.has(key) || (module && module !== 'command')) regions.script(value);
    else if (key === 'local_action') regions.script(value);
    else if (key === 'task' && /^Kubernetes(Manifest)?@/.test(stringOf(value) ?? ''))
      addKubernetesTask(value, map, regions);
    else if (module === 'command' && !isScalar(value) && valueOf(value, 'cmd') !== undefined) regions.script(value);
    else if ((key === 'command' || key === 'entrypoint' || module === 'command') && path.at(-1) !== 'with')
      addCommandMap(map, regions);
  });
}

/** Azure's `scriptType`, beside an inline script. */
function scriptType(inputs: unknown): string {
  const type = stringOf(valueOf(inputs, 'scriptType'))?.toLowerCase() ?? '';
  return type === 'ps' || type === 'pscore' ? 'powershell' : type;
}

function addVariables(root: unknown, regions: RegionCollector): void {
  eachPair(root, (key, value) => {
    if (!VARIABLE_KEYS.has(key)) return;
    eachPair(value, (name, text, _map, path) => {
      const literal = path.length === 0 && isScalar(text) ? stringOf(text) : undefined;
      if (literal !== undefined && /^[A-Za-z_]\w*$/.test(name)) regions.variables.set(name, literal);
    });
  });
}

/** Azure Pipelines' own kubectl tasks. */
function addKubernetesTask(task: unknown, step: unknown, regions: RegionCollector): void {
  const command = valueAt(step, 'inputs', 'command') ?? valueAt(step, 'inputs', 'action');
  const text = valueAt(step, 'inputs', 'arguments');
  if (command !== undefined) regions.pieces(task, text === undefined ? [command] : [command, text]);
}
