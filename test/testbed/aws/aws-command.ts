import type { Report } from '../report.ts';
import { downAws, readAws, upAws } from './aws-instance.ts';

export const AWS_COMMANDS: readonly string[] = ['up', 'down', 'status'];

/** `testbed aws up|down|status`. An interrupted start leaves nothing running. @throws TestbedError */
export async function awsCommand(command: string, name: string, report: Report): Promise<void> {
  if (command === 'down') {
    if (!(await downAws(name))) process.stderr.write('The stand-in for AWS is not running.\n');
    return;
  }
  if (command === 'status') {
    const found = readAws(name);
    const state = found?.healthy ? `running at ${found.endpoint}, pid ${found.process.pid}` : 'not running';
    process.stdout.write(`The stand-in for AWS is ${state}.\n`);
    return;
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void downAws(name).finally(() => process.exit(130)));
  const { endpoint, region } = await upAws(name, report);
  process.stderr.write(`The stand-in for AWS is up. To use it:\n`);
  process.stdout.write(
    [
      `export AWS_ENDPOINT_URL='${endpoint}'`,
      `export AWS_REGION='${region}'`,
      "export AWS_ACCESS_KEY_ID='testing'",
      "export AWS_SECRET_ACCESS_KEY='testing'",
      '',
    ].join('\n'),
  );
}
