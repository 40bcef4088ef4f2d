import { isMap } from 'yaml';
import type { RegionCollector } from './region-collector.ts';
import { valueAt, valueOf } from './yaml-tree.ts';

/** What a Taskfile (taskfile.dev) runs. False: the document is none. */
export function addTaskfile(root: unknown, regions: RegionCollector): boolean {
  const tasks = valueOf(root, 'tasks');
  if (!isMap(tasks) || valueOf(root, 'version') === undefined) return false;
  addVariables(valueOf(root, 'vars'), regions);
  for (const { value: task } of tasks.items) {
    if (!isMap(task)) {
      regions.script(task);
      continue;
    }
    for (const key of ['cmds', 'cmd', 'status', 'preconditions']) regions.script(valueAt(task, key));
    addVariables(valueOf(task, 'vars'), regions);
  }
  return true;
}

/** `NAME: { sh: … }`. */
function addVariables(variables: unknown, regions: RegionCollector): void {
  if (isMap(variables)) for (const { value } of variables.items) if (isMap(value)) regions.script(valueOf(value, 'sh'));
}
