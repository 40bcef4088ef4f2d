import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What the files of AWS say of one profile, by key. */
export type AwsProfile = Readonly<Record<string, string>>;

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Settings of a profile from `~/.aws/config` and `~/.aws/credentials`, the latter's first; `AWS_CONFIG_FILE` and
 * `AWS_SHARED_CREDENTIALS_FILE` name others (https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html).
 * @returns null where neither knows it
 */
export async function readProfile(name: string, env: Environment): Promise<AwsProfile | null> {
  const folder = join(env.HOME ?? env.USERPROFILE ?? homedir(), '.aws');
  const config = sectionsOf(await textOf(env.AWS_CONFIG_FILE ?? join(folder, 'config')));
  const credentials = sectionsOf(await textOf(env.AWS_SHARED_CREDENTIALS_FILE ?? join(folder, 'credentials')));
  const found = [
    config.get(name === 'default' && !config.has('profile default') ? name : `profile ${name}`),
    credentials.get(name),
  ];
  return found.some((one) => one !== undefined) ? Object.assign({}, ...found) : null;
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    // Most people have only one of them, or none.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** Sections of an INI file; settings that stand below another one (indented) are not needed here. */
function sectionsOf(text: string): Map<string, Record<string, string>> {
  const sections = new Map<string, Record<string, string>>();
  let current: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const [, title] = /^\s*\[\s*([^\]]+?)\s*\]/.exec(line) ?? [];
    if (title !== undefined) {
      const name = title.replace(/\s+/g, ' ').replace(/"/g, '');
      current = sections.get(name) ?? {};
      sections.set(name, current);
      continue;
    }
    const [, key, value = ''] = /^([A-Za-z0-9_]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined) current[key.toLowerCase()] = value;
  }
  return sections;
}
