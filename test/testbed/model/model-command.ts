import type { Report } from '../report.ts';
import { downModel, readModel, upModel, type ModelInstance, type ModelOptions } from './model-instance.ts';

export const MODEL_COMMANDS: readonly string[] = ['up', 'down', 'status'];

/** `testbed model up|down|status`. An interrupted start leaves nothing running. @throws TestbedError */
export async function modelCommand(command: string, options: ModelOptions, report: Report): Promise<void> {
  const name = options.name ?? 'default';
  if (command === 'down') {
    if (!(await downModel(name))) process.stderr.write('The model is not running.\n');
    return;
  }
  if (command === 'status') {
    const found = readModel(name);
    process.stdout.write(found ? statusOf(found) : 'The model is not running.\n');
    return;
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void downModel(name).finally(() => process.exit(130)));
  const model = await upModel(options, report);
  process.stderr.write(`${model.model} is up at ${model.baseUrl} (loaded in ${model.loadMs} ms). To use it:\n`);
  process.stdout.write(`export STRATUS_MODEL_URL='${model.baseUrl}'\nexport STRATUS_MODEL='${model.model}'\n`);
}

function statusOf({ model, baseUrl, contextTokens, process, healthy }: ModelInstance): string {
  const state = healthy ? 'running' : 'broken (its process is gone)';
  return `${model}: ${state}, ${contextTokens} tokens of context\n  address     ${baseUrl}\n  log         ${process.log}\n  pid         ${process.pid}\n`;
}
