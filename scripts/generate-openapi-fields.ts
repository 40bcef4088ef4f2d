/**
 * Lists every kind that kube-apiserver lets clients write, with every field, for the releases below, from the OpenAPI
 * documents that ship with the Go module k8s.io/kubernetes:
 *
 *   node scripts/generate-openapi-fields.ts [OUT.txt]
 *
 * Needs Go and the module proxy (about 45 MB for each release that is not in the module cache).
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const FIELDS_FIXTURE = join(import.meta.dirname, '..', 'test', 'fixtures', 'openapi', 'fields.txt');

/** Releases by minor; pinned, so that the list can be made again. */
export const RELEASES: Readonly<Record<string, string>> = {
  '1.29': 'v1.29.6',
  '1.30': 'v1.30.14',
  '1.31': 'v1.31.14',
  '1.32': 'v1.32.13',
  '1.33': 'v1.33.13',
  '1.34': 'v1.34.4',
  '1.35': 'v1.35.4',
  '1.36': 'v1.36.3',
};

/** Kinds by `GROUP/Kind`, each with its fields: dotted, `*` for elements and map values, `<Type>` where it is cut. */
export type FieldsByKind = Map<string, Set<string>>;

interface Schema {
  $ref?: string;
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema | boolean;
  'x-kubernetes-group-version-kind'?: Array<{ group: string; version: string; kind: string }>;
}

interface Operation {
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string };
}

/** One document of `/openapi/v3`. */
export interface OpenApiDocument {
  paths?: Record<string, Record<string, Operation | undefined>>;
  components?: { schemas?: Record<string, Schema> };
}

/** Kind under which the fields of `metadata` are listed, once for all. */
export const METADATA_KIND = 'meta/ObjectMeta';
/** Types that are listed elsewhere, or contain themselves. */
const CUT = new Set(['ObjectMeta', 'PodTemplateSpec', 'JSONSchemaProps']);
const WRITES = ['post', 'put', 'patch'];

/** The kinds that may be written through the API that the documents describe, and their fields. */
export function fieldsOf(documents: Iterable<OpenApiDocument>): FieldsByKind {
  const kinds: FieldsByKind = new Map();
  for (const { paths = {}, components } of documents) {
    const schemas = components?.schemas ?? {};
    const written = new Set(
      Object.values(paths)
        .flatMap((operations) => WRITES.map((verb) => operations[verb]?.['x-kubernetes-group-version-kind']))
        .filter((id) => id !== undefined)
        .map(({ group, version, kind }) => `${group}/${version}/${kind}`),
    );
    for (const schema of Object.values(schemas)) {
      const ids = schema['x-kubernetes-group-version-kind'] ?? [];
      for (const { group, kind } of ids.filter((id) => written.has(`${id.group}/${id.version}/${id.kind}`))) {
        collect(schema, '', schemas, entry(kinds, `${group}/${kind}`));
      }
    }
    // Kinds of streams have parameters and no schema.
    for (const id of written) {
      const [group, , kind] = id.split('/');
      entry(kinds, `${group!}/${kind!}`);
    }
    const metadata = schemas['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'];
    if (metadata) collect(metadata, '', schemas, entry(kinds, METADATA_KIND));
  }
  return kinds;
}

function entry(kinds: FieldsByKind, kind: string): Set<string> {
  const fields = kinds.get(kind) ?? new Set();
  kinds.set(kind, fields);
  return fields;
}

function collect(schema: Schema, path: string, schemas: Record<string, Schema>, fields: Set<string>): void {
  const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
  if (reference) {
    const id = reference.slice(reference.lastIndexOf('/') + 1);
    const type = id.slice(id.lastIndexOf('.') + 1);
    if (CUT.has(type)) fields.add(`${path} <${type}>`);
    else collect(schemas[id] ?? {}, path, schemas, fields);
    return;
  }
  const below = (name: string, next: Schema) =>
    path === '' && name === 'status'
      ? fields.add('status <Status>')
      : collect(next, path ? `${path}.${name}` : name, schemas, fields);
  const properties = Object.entries(schema.properties ?? {});
  for (const [name, next] of properties) below(name, next);
  if (schema.items) below('*', schema.items);
  else if (typeof schema.additionalProperties === 'object') below('*', schema.additionalProperties);
  else if (properties.length === 0 && path) fields.add(path);
}

/** The documents that ship with one release. */
export function documentsOf(release: string, go = 'go'): OpenApiDocument[] {
  const answer = execFileSync(go, ['mod', 'download', '-json', `k8s.io/kubernetes@${release}`], {
    encoding: 'utf8',
    timeout: 10 * 60_000,
  });
  const folder = join((JSON.parse(answer) as { Dir: string }).Dir, 'api', 'openapi-spec', 'v3');
  return readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as OpenApiDocument);
}

/** One text for all releases; what only some have is followed by the first and the last that has it: `1.31-1.33`, `1.35-`. */
export function renderFields(byMinor: Map<string, FieldsByKind>): string {
  const minors = [...byMinor.keys()];
  const span = (having: string[]): string => {
    if (having.length === minors.length) return '';
    const [first, last] = [having[0]!, having.at(-1)!];
    const until = last === minors.at(-1) ? '' : last;
    return ` ${first === minors[0] ? '' : first}-${until}`;
  };
  const lines = [`# ${Object.values(RELEASES).join(' ')}; made by scripts/generate-openapi-fields.ts, do not edit`];
  for (const kind of [...new Set([...byMinor.values()].flatMap((kinds) => [...kinds.keys()]))].sort()) {
    const having = minors.filter((minor) => byMinor.get(minor)!.has(kind));
    lines.push(`${kind}${span(having)}`);
    const paths = new Set(having.flatMap((minor) => [...byMinor.get(minor)!.get(kind)!]));
    for (const path of [...paths].sort()) {
      const holding = having.filter((minor) => byMinor.get(minor)!.get(kind)!.has(path));
      lines.push(`  ${path}${holding.length === having.length ? '' : span(holding)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** The fixture, made anew. */
export function generateFields(go = 'go'): string {
  return renderFields(
    new Map(Object.entries(RELEASES).map(([minor, release]) => [minor, fieldsOf(documentsOf(release, go))])),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(process.argv[2] ?? FIELDS_FIXTURE, generateFields());
}
