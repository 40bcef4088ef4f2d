import { stringify } from 'yaml';
import type { FenceObject } from './fence-manifests.ts';

/** Objects as a YAML stream that kubectl can apply, each below a comment with its reason. */
export function fenceYaml(objects: FenceObject[]): string {
  return objects.map(({ why, object }) => `${comment(why)}\n${stringify(object, { lineWidth: 120 })}`).join('---\n');
}

function comment(text: string): string {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1)!;
    if (last.length + word.length > 115) lines.push(word);
    else lines[lines.length - 1] = last ? `${last} ${word}` : word;
  }
  return lines.map((line) => `# ${line}`).join('\n');
}
