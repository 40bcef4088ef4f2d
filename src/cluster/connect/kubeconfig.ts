import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { parse } from 'yaml';
import type { Target } from '../../domain/target.ts';
import { ClusterError, messageOf } from '../../domain/cluster-error.ts';
import { targetFingerprint } from './target-fingerprint.ts';

/** A cluster entry; file names are absolute. Field names as in the kubeconfig file. */
export interface ClusterEntry {
  name: string;
  server: string;
  'certificate-authority'?: string;
  'certificate-authority-data'?: string;
  'insecure-skip-tls-verify'?: boolean;
  'tls-server-name'?: string;
  'proxy-url'?: string;
}

export interface ExecEntry {
  apiVersion?: string;
  command: string;
  args?: string[] | null;
  env?: { name: string; value: string }[] | null;
  installHint?: string;
  provideClusterInfo?: boolean;
  interactiveMode?: 'Never' | 'IfAvailable' | 'Always';
}

export interface UserEntry {
  name: string;
  'client-certificate'?: string;
  'client-certificate-data'?: string;
  'client-key'?: string;
  'client-key-data'?: string;
  token?: string;
  tokenFile?: string;
  username?: string;
  password?: string;
  as?: string;
  'as-uid'?: string;
  'as-groups'?: string[];
  'as-user-extra'?: Record<string, string[]>;
  'auth-provider'?: { name: string; config?: Record<string, string> };
  exec?: ExecEntry;
}

interface ContextEntry {
  name: string;
  cluster: string;
  user: string;
  namespace: string;
}

/** Where a kubeconfig is looked for. */
export interface KubeconfigSource {
  /** Value of $KUBECONFIG (one or several files); the default file when absent or empty. */
  kubeconfig?: string;
  /** Home folder; the process's own when absent. */
  home?: string;
}

/** Reads a whole file; rejects as node:fs does. */
/** A DNS label (RFC 1123), as the API server wants it. */
const NAMESPACE_NAME = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

export type ReadFile = (path: string) => Promise<Buffer>;

type Section = { name?: unknown; [field: string]: unknown };

const FILE_FIELDS = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'];

/**
 * A merged kubeconfig as kubectl reads it: files of $KUBECONFIG in order, the first one to define a name wins,
 * missing files are skipped, relative file names count from the file that holds them. A snapshot: it never follows
 * later edits and never changes the file.
 */
export class Kubeconfig {
  /** Name in `current-context`; empty when not set. Only a default, never followed later. */
  readonly currentContext: string;
  readonly #files: string[];
  readonly #read: ReadFile;
  readonly #clusters: Map<string, ClusterEntry>;
  readonly #users: Map<string, UserEntry>;
  readonly #contexts: Map<string, ContextEntry>;

  constructor(files: string[], documents: Record<string, unknown>[], read: ReadFile) {
    this.#files = files;
    this.#read = read;
    this.currentContext = documents.map((doc) => textOf(doc['current-context'])).find((name) => name !== '') ?? '';
    this.#clusters = merge(documents, 'clusters', 'cluster') as unknown as Map<string, ClusterEntry>;
    this.#users = merge(documents, 'users', 'user') as unknown as Map<string, UserEntry>;
    const contexts = [...merge(documents, 'contexts', 'context')].map(([name, entry]): [string, ContextEntry] => [
      name,
      {
        name,
        cluster: textOf(entry.cluster),
        user: textOf(entry.user),
        namespace: textOf(entry.namespace) || 'default',
      },
    ]);
    this.#contexts = new Map(contexts);
  }

  /** For pickers, in file order; contexts whose cluster entry is missing are left out. */
  contexts(): { name: string; server: string; namespace: string; current: boolean }[] {
    return [...this.#contexts.values()].flatMap(({ name, cluster, namespace }) => {
      const entry = this.#clusters.get(cluster);
      return entry ? [{ name, server: entry.server, namespace, current: name === this.currentContext }] : [];
    });
  }

  /**
   * The entries behind a context name.
   * @throws ClusterError unknown-context, bad-kubeconfig
   */
  entries(context: string): { cluster: ClusterEntry; user: UserEntry; namespace: string } {
    const entry = this.#contexts.get(context);
    if (!entry) throw this.#unknownContext(context);
    const cluster = this.#clusters.get(entry.cluster);
    const where = this.#files.join(', ');
    if (!cluster) {
      throw bad(
        `context '${context}' names cluster '${entry.cluster}', which ${where} does not define: correct the context`,
      );
    }
    if (!/^https?:\/\/[^/]/.test(textOf(cluster.server))) {
      throw bad(
        `cluster '${entry.cluster}' in ${where} has no usable server address: set its server to https://HOST:PORT`,
      );
    }
    const user = entry.user ? this.#users.get(entry.user) : { name: '' };
    if (!user) {
      throw bad(
        `context '${context}' names user '${entry.user}', which ${where} does not define: log in again or correct the context`,
      );
    }
    return { cluster, user, namespace: entry.namespace };
  }

  /**
   * Pins a context and namespace; defaults: current-context and the context's namespace.
   * @throws ClusterError unknown-context, bad-kubeconfig
   */
  async target(context?: string, namespace?: string): Promise<Target> {
    const name = context || this.currentContext;
    if (!name) {
      throw new ClusterError(
        'unknown-context',
        `no context is selected in ${this.#files.join(', ')}: give --context (known: ${this.#names()})`,
      );
    }
    const { cluster, user, namespace: fallback } = this.entries(name);
    if (!NAMESPACE_NAME.test(namespace || fallback)) {
      const what = namespace ? 'the namespace that was given' : `the namespace of context ${name}`;
      throw new ClusterError(
        'bad-kubeconfig',
        `${what} cannot be one (lower case letters, digits and -, at most 63): give another with --namespace`,
      );
    }
    return {
      context: name,
      server: cluster.server.replace(/\/+$/, ''),
      fingerprint: await targetFingerprint(cluster, user, this.#read),
      namespace: namespace || fallback,
    };
  }

  #names(): string {
    const names = [...this.#contexts.keys()];
    if (names.length === 0) return 'none';
    return names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ');
  }

  #unknownContext(context: string): ClusterError {
    const message = `context '${context}' is not in ${this.#files.join(', ')}: choose one of ${this.#names()}`;
    return new ClusterError('unknown-context', message);
  }
}

/**
 * Reads and merges the kubeconfig files.
 * @throws ClusterError no-kubeconfig when no file exists, bad-kubeconfig when one cannot be read or parsed
 */
export async function loadKubeconfig(
  source: KubeconfigSource = {},
  read: ReadFile = (path) => readFile(path),
): Promise<Kubeconfig> {
  const listed = (source.kubeconfig ?? '').split(delimiter).filter((file) => file !== '');
  const files = listed.length > 0 ? [...new Set(listed.map((file) => resolve(file)))] : [defaultFile(source.home)];
  const found: string[] = [];
  const documents: Record<string, unknown>[] = [];
  for (const file of files) {
    const document = await readDocument(file, read);
    if (!document) continue;
    found.push(file);
    documents.push(document);
  }
  if (found.length > 0) return new Kubeconfig(found, documents, read);
  const advice = listed.length > 0 ? 'correct KUBECONFIG' : 'set KUBECONFIG or put a kubeconfig there';
  throw new ClusterError('no-kubeconfig', `no kubeconfig at ${files.join(', ')}: ${advice}`);
}

/**
 * I10: compares what the kubeconfig says now with the pinned target.
 * @returns null when unchanged, else what changed. An unreadable kubeconfig counts as changed.
 */
export async function targetChange(source: KubeconfigSource, pinned: Target, read?: ReadFile): Promise<string | null> {
  let now: Target;
  try {
    now = await (await loadKubeconfig(source, read)).target(pinned.context, pinned.namespace);
  } catch (error) {
    return messageOf(error);
  }
  if (now.server !== pinned.server)
    return `context '${pinned.context}' now points to ${now.server}, not ${pinned.server}`;
  if (now.fingerprint !== pinned.fingerprint) {
    return `the certificate authority or the user of context '${pinned.context}' was changed in the kubeconfig`;
  }
  return null;
}

function defaultFile(home = homedir()): string {
  return join(home, '.kube', 'config');
}

async function readDocument(file: string, read: ReadFile): Promise<Record<string, unknown> | null> {
  let text: string;
  try {
    text = (await read(file)).toString();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw bad(`kubeconfig ${file} cannot be read (${(error as NodeJS.ErrnoException).code}): check its permissions`);
  }
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    throw bad(`kubeconfig ${file} is not valid YAML: ${messageOf(error).split('\n')[0]}`);
  }
  if (document === null || document === undefined) return {};
  if (typeof document !== 'object' || Array.isArray(document)) {
    throw bad(`kubeconfig ${file} is not a kubeconfig: its top level must be a mapping`);
  }
  return absolutePaths(document as Record<string, unknown>, dirname(file));
}

/** File names in entries, and exec commands with a slash, count from the folder of the file that holds them. */
function absolutePaths(document: Record<string, unknown>, folder: string): Record<string, unknown> {
  const absolute = (file: unknown) =>
    typeof file === 'string' && file && !isAbsolute(file) ? join(folder, file) : file;
  for (const entry of [...sections(document, 'clusters'), ...sections(document, 'users')]) {
    const body = (entry.cluster ?? entry.user) as Record<string, unknown> | undefined;
    if (!body || typeof body !== 'object') continue;
    for (const field of FILE_FIELDS) if (field in body) body[field] = absolute(body[field]);
    const exec = body.exec as { command?: unknown } | undefined;
    if (exec && typeof exec.command === 'string' && /[/\\]/.test(exec.command)) exec.command = absolute(exec.command);
  }
  return document;
}

function sections(document: Record<string, unknown>, list: string): Section[] {
  const entries = document[list];
  return Array.isArray(entries)
    ? entries.filter((entry): entry is Section => !!entry && typeof entry === 'object')
    : [];
}

function merge(documents: Record<string, unknown>[], list: string, body: string): Map<string, Record<string, unknown>> {
  const merged = new Map<string, Record<string, unknown>>();
  for (const document of documents) {
    for (const section of sections(document, list)) {
      const name = textOf(section.name);
      if (!name || merged.has(name)) continue;
      const content = section[body];
      merged.set(name, { ...(content && typeof content === 'object' ? content : {}), name });
    }
  }
  return merged;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function bad(message: string): ClusterError {
  return new ClusterError('bad-kubeconfig', message);
}
