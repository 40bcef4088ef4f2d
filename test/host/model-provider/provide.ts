import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleForHost, ROOT } from '../../../scripts/build.ts';

const HERE = join(ROOT, 'test', 'host', 'model-provider');

/** Builds the extension that offers a model to the editor under test. @returns its folder */
export async function provideModelProvider(): Promise<string> {
  const folder = join(ROOT, 'dist', 'test', 'model-provider');
  await mkdir(folder, { recursive: true });
  await copyFile(join(HERE, 'manifest.json'), join(folder, 'package.json'));
  await bundleForHost('test/host/model-provider/extension.ts', join(folder, 'extension.cjs'));
  return folder;
}
