// eslint-disable-next-line no-restricted-imports -- the one reader of YAML; it takes numbers from their source
import { isMap as isYamlMap, isScalar, isSeq, parseDocument } from 'yaml';
import { emptyMap } from '../../json/json-map.ts';
import type { Json } from '../../json/json.ts';
import { RawNumber } from '../../json/raw-number.ts';
import { DuplicateKey, JsonTooDeep } from '../../json/read-json.ts';

/** Written so that YAML 1.1 (the API server's) and 1.2 readers agree; hexadecimal, octal and the like are left out. */
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
/** What the API server's reader may take for a number once underscores are gone, or for an infinity. */
const NUMBER_LIKE =
  /^[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[0-9]+|(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))$|^\.(?:nan|NaN|NAN)$/;
const NULL = new Set(['', '~', 'null', 'Null', 'NULL']);
const TRUE = new Set(['true', 'True', 'TRUE', 'yes', 'Yes', 'YES', 'on', 'On', 'ON']);
const FALSE = new Set(['false', 'False', 'FALSE', 'no', 'No', 'NO', 'off', 'Off', 'OFF']);

/**
 * One YAML document as the API server reads it (YAML 1.1), with every number as it is written. Anything that readers
 * could take in two ways is refused: keys that come twice, numbers that are not decimal, tags, anchors, merge keys.
 * @throws Error that says what
 */
export function readYaml(text: string, maxDepth: number): Json {
  const document = parseDocument(text, { version: '1.1', schema: 'failsafe', uniqueKeys: false, logLevel: 'error' });
  const [error] = document.errors;
  if (error?.message.startsWith('Maximum call stack')) throw new JsonTooDeep(maxDepth);
  if (error) throw new Error(error.message.split('\n')[0]);
  return read(document.contents, [], maxDepth);
}

function read(node: unknown, path: string[], maxDepth: number): Json {
  if (node === null) return null;
  const tag = (node as { tag?: string }).tag;
  if (tag && !/^tag:yaml\.org,2002:(?:str|map|seq)$/.test(tag)) throw unclear('a tag', path);
  if ((node as { anchor?: string }).anchor) throw unclear('an anchor', path);
  if (isScalar(node)) return node.type === 'PLAIN' ? plain(String(node.source ?? ''), path) : String(node.value);
  if (path.length >= maxDepth) throw new JsonTooDeep(maxDepth);
  if (isSeq(node)) return node.items.map((item, index) => read(item, [...path, String(index)], maxDepth));
  if (!isYamlMap(node)) throw unclear('an alias', path);
  const result = emptyMap();
  for (const { key, value } of node.items) {
    const name = keyName(key, path);
    if (Object.hasOwn(result, name)) throw new DuplicateKey(path, name);
    result[name] = read(value, [...path, name], maxDepth);
  }
  return result;
}

/** The server makes text of any key. */
function keyName(key: unknown, path: string[]): string {
  if (!isScalar(key) || key.anchor) throw unclear('a key that is no text', path);
  const { source, type, value } = key;
  if (type !== 'PLAIN') return String(value);
  const name = String(source ?? '');
  const known = plain(name, path);
  if (name === '<<' || (typeof known !== 'string' && !/^(?:0|[1-9][0-9]{0,14})$/.test(name))) {
    throw unclear(`the key ${name || 'null'}`, path);
  }
  return name;
}

function plain(source: string, path: string[]): Json {
  if (NUMBER.test(source)) return RawNumber.of(source);
  if (NULL.has(source)) return null;
  if (TRUE.has(source)) return true;
  if (FALSE.has(source)) return false;
  if (/^[yYnN]$/.test(source)) throw unclear(`the word ${source}`, path);
  if (NUMBER_LIKE.test(source.replaceAll('_', ''))) throw unclear(`the number ${source.slice(0, 40)}`, path);
  return source;
}

function unclear(what: string, path: string[]): Error {
  const place = path.length > 0 ? ` (${path.join('.').slice(0, 80)})` : '';
  return new Error(`${what} in YAML can be read in several ways${place}; quote it, or send JSON`);
}
