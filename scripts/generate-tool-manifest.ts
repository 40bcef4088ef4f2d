import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ToolSpec } from '../src/domain/chat.ts';
import { toolSpecs } from '../src/run/brains/model-tools.ts';
import { PROPOSE_PLAN } from '../src/run/brains/propose-plan-tool.ts';
import { TOOL_PREFIX } from '../src/ui/chat/offered-tools.ts';
import { ROOT } from './build.ts';

/** Entries of package.json for the tools that other agents may call in the editor. */
export function toolManifest(): object[] {
  return [...toolSpecs(), PROPOSE_PLAN].map(entryOf);
}

function entryOf({ name, description, parameters }: ToolSpec): object {
  const words = name.replaceAll('_', ' ');
  return {
    name: `${TOOL_PREFIX}${name}`,
    displayName: `Stratus: ${words}`,
    toolReferenceName: `${TOOL_PREFIX}${name}`,
    canBeReferencedInPrompt: true,
    userDescription: description,
    modelDescription:
      name === PROPOSE_PLAN.name
        ? description
        : `${description} Reads the Kubernetes namespace that the person chose in Stratus; changes nothing.`,
    icon: '$(pulse)',
    tags: ['kubernetes', 'stratus'],
    inputSchema: parameters,
  };
}

/** Writes them into package.json. */
async function main(): Promise<void> {
  const file = join(ROOT, 'package.json');
  const manifest = JSON.parse(await readFile(file, 'utf8'));
  manifest.contributes.languageModelTools = toolManifest();
  await writeFile(file, `${JSON.stringify(manifest, null, 2)}\n`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
