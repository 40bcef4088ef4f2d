import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { editorSettings } from '../test/host/broken-shop.ts';
import type { EditorServer } from '../test/host/code-server.ts';
import { startEditorServer, workbenchUrl } from '../test/host/code-server.ts';
import { askShop, deployShop } from '../test/testbed/app/deploy.ts';
import { SHOP_NAMESPACE } from '../test/testbed/app/topology.ts';
import { injectFault, listFaults } from '../test/testbed/faults/catalog.ts';
import { downCluster, readInstance, upCluster } from '../test/testbed/instance.ts';
import type { Instance } from '../test/testbed/instance-record.ts';
import { StreamReport } from '../test/testbed/report.ts';
import { packageExtension } from './package.ts';

/**
 * `npm run editor`: a real cluster with a broken shop, and a real VS Code in the browser with the extension installed from
 * its package, as users have it. A cluster
 * that was already running is used and left running; one that was started here is stopped at the end unless --keep.
 */
const faults = listFaults().map(({ name }) => name);
const USAGE = `usage: npm run editor -- [--fault NAME|none] [--port N] [--name INSTANCE] [--keep]
  --fault NAME     one of: ${faults.join(', ')} (default target-port), or none
  --port N         loopback port of the editor (default: a free one)
  --name INSTANCE  testbed cluster to use (default: default)
  --keep           leave the cluster running
`;

const say = (text: string) => process.stderr.write(`${text}\n`);

function usageError(text: string): never {
  say(`npm run editor: ${text}`);
  process.stderr.write(USAGE);
  process.exit(64);
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        fault: { type: 'string', default: 'target-port' },
        port: { type: 'string' },
        name: { type: 'string', default: 'default' },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (error) {
    usageError((error as Error).message.split('. ')[0]!);
  }
}

const options = readOptions();
if (options.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
if (options.fault !== 'none' && !faults.includes(options.fault)) usageError(`unknown fault '${options.fault}'`);
const port = options.port === undefined ? undefined : Number(options.port);
if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
  usageError(`--port wants a port number, not '${options.port}'`);
}

/** Folder that the editor opens: something to look at, and nothing of the user's. */
async function workspace(instance: Instance): Promise<string> {
  const folder = join(instance.stateFolder, 'workspace');
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'README.md'),
    `# On call\n\nThe shop in \`${SHOP_NAMESPACE}\` is broken. Open the palette (F1) and run **Stratus: Mitigate Incident**.\n`,
  );
  return folder;
}

async function openEditor(instance: Instance, vsix: string): Promise<EditorServer> {
  const server = await startEditorServer({
    say,
    vsix,
    ...(port ? { port } : {}),
    env: { KUBECONFIG: instance.kubeconfig, STRATUS_HOME: join(instance.stateFolder, 'stratus') },
    settings: { ...editorSettings(instance), 'workbench.colorTheme': 'Default Dark Modern' },
  });
  const url = workbenchUrl(server, await workspace(instance), null);
  process.stdout.write(`${url}\n`);
  say(
    `\nOpen this address in a browser, then: F1, "Stratus: Mitigate Incident", ${instance.context}, ${SHOP_NAMESPACE}.`,
  );
  say('Ctrl-C stops what was started here.');
  return server;
}

async function main(): Promise<void> {
  const report = new StreamReport();
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  const found = readInstance(options.name);
  const running = found?.healthy ? found : undefined;
  let server: EditorServer | undefined;
  let started = false;
  const work = async () => {
    started = !running;
    const instance = running ?? (await upCluster({ name: options.name }, report));
    const vsix = join(instance.stateFolder, 'stratus.vsix');
    await report.step('Packaging the extension', () => packageExtension(vsix));
    await deployShop(instance, report);
    if (options.fault !== 'none') {
      await report.step(`Injecting the fault ${options.fault}`, () => injectFault(instance, options.fault));
    }
    if (instance.nodes === 'real') say(`The shop answers: ${await askShop(instance)}`);
    server = await openEditor(instance, vsix);
    await server.exited;
    throw new Error(`the editor ended by itself:\n${server.tail()}`);
  };
  try {
    await Promise.race([work(), stopped]);
  } finally {
    await server?.stop();
    if (started && !options.keep) await downCluster(options.name, report);
    else say(`The cluster ${options.name} is still running; 'npm run testbed -- down' stops it.`);
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    say(`npm run editor: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(4);
  },
);
