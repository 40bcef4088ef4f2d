import type { Blank } from './secret-forms.ts';

/** Words in the names of what holds a credential. */
const SECRET_WORDS =
  'password|passwd|passphrase|passcode|pwd|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|signing[-_]?key|encryption[-_]?key|master[-_]?key|session[-_]?key|service[-_]?key|auth[-_]?key|authorization|credential|connection[-_]?string|(?<![a-z])pass(?=["\'\\\\]{0,2}\\s{0,4}[:=])|(?<=[_.-])pass(?![a-z])|(?:pg|sql|db|redis|ftp|smtp|ldap|admin|root|user|mongo|rabbit|amqp|nats|jdbc|proxy|http)pass(?![a-z])|(?<![a-z])_auth(?=\\s{0,4}=)|client-key-data';
const QUOTE = '\\\\{0,3}["\']';
/** The value: quoted (also inside quotes), with its scheme, or one word. */
const VALUE =
  '(\\\\{1,3}"(?:(?!\\\\{1,3}")[^\\n]){0,4096}\\\\{1,3}"|"(?:[^"\\\\\\n]|\\\\[^\\n]){0,4096}"|\'[^\'\\n]{0,4096}\'|["\'][^"\'\\n]{1,4096}(?=\\n|$)|(?:bearer|basic)[ \\t]+\\S+|[^\\s"\',;}][^\\s",;}]{0,4096})';
const NAMED = new RegExp(
  `((?:${SECRET_WORDS})[\\w-]{0,40})((?:${QUOTE})?[ \\t]{0,20}(?:=>|:=|[:=])[ \\t]{0,20}(?:[|>][-+]?[ \\t]{0,4})?)${VALUE}`,
  'gi',
);
/** The value stands in the lines below: a block of YAML, or a line of its own. */
const BLOCK = new RegExp(
  `^([ \\t]{0,64}(?:- )?["']?[\\w.-]{0,80}(?:${SECRET_WORDS})[\\w-]{0,40}["']?:[ \\t]{0,8})((?:[|>][-+\\d]{0,2}[ \\t]{0,4})?)\\n((?:[ \\t]{1,64}[^\\n]{0,4096}(?:\\n|$)){1,200})`,
  'gim',
);
/** `"name":"DB_PASSWORD","value":"…"` of a container's environment, also inside a quoted copy of an object. */
const PAIR_JSON = new RegExp(
  `(name\\\\{0,3}"\\s{0,8}:\\s{0,8}\\\\{0,3}"([^"\\\\\\n]{0,80}(?:${SECRET_WORDS})[^"\\\\\\n]{0,80})\\\\{0,3}"\\s{0,64},\\s{0,64}\\\\{0,3}"value\\\\{0,3}"\\s{0,8}:\\s{0,8})(\\\\{0,3}")((?:(?!\\3)[^]){0,8192}?)\\3`,
  'gi',
);
/** The same in YAML, and as Go prints it: `Name:DB_PASSWORD,Value:…`. */
const PAIR_YAML = new RegExp(
  `(\\bname:[ \\t]{0,8}["']?([\\w.-]{0,80}(?:${SECRET_WORDS})[\\w.-]{0,80})["']?,?\\s{1,64}value:[ \\t]{0,8})("[^"\\n]{0,4096}"|'[^'\\n]{0,4096}'|[^\\s,}]{1,4096})`,
  'gi',
);
const PAIR_GO = new RegExp(
  `(\\bName:"?([\\w.-]{0,80}(?:${SECRET_WORDS})[\\w.-]{0,80})"?,? ?Value:)("[^"\\n]{0,4096}"|[^\\s,}]{1,4096})`,
  'gi',
);

/** Ends of names that say where a credential is, or something about it. */
const REFERENCE =
  /(?:names?|refs?|path|file|files|class|type|mode|ttl|ids?|counts?|length|size|policy|reviews?|requests?|lifetime|expir\w*|seconds|duration|minutes|hours|days|audiences?|source|sources|provider|store|urls?|uris?|endpoint|namespace|version|controller|signer|generation|rotation|interval|budget|limit|bucket|validity|issuer|algorithm|format|header|manager|engine|agent|sync|operator|server|service|usage|usages|used|reader|writer|injector|webhook|cleaner|plugin|driver|hash-?algo|keyref|prefix|field|key-?name|status|state|enabled|required|allowed|optional|disabled|mount|mounts|volume|volumes|in|out|per|index|timestamp|at|age|since|until|error|errors|failed|failures|attempts|rate|scopes?|realm|change|changed|reset|encryption|kind|label|labels|selector|annotations?|host|port|admission|approver|tokeniz\w*|secretar\w*|passwordless|passwordfree)$/i;
/** Names of which the value is the name of an object. */
const NAMES_OBJECT =
  /(?:^|[._-])(?:imagepullsecrets?|existing[-_]?\w{0,24}secret|pull[-_]?secret|tls[-_]?secret)$|^existingSecret$/i;
/** What stands where a credential would, and is none. */
const NO_SECRET =
  /^(?:true|false|null|nil|none|yes|no|~|undefined|empty|unset|<(?:set|nil|none|invalid|unset|hidden|redacted|masked|unknown|empty|your)\b.{0,80}|<[^>]{0,80}>|\*{1,20}|x{3,20}|\(hidden\)|\(redacted\)|\(none\)|redacted|hidden|masked|-|\$[({][^)}]{0,200}[)}]?|\$\w{1,80}|\{\{.{0,200}|%\w|\[redacted.{0,40}|[[{(].{0,4096}|\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d)\d{0,3}\w{0,4}|[|>][-+]?)$/is;
/** First words of what programs say about a credential: `invalid token: signature is invalid`. */
const PROSE =
  /^(?:not|no|failed|failure|unable|cannot|can't|could|couldn't|invalid|expired|missing|unauthorized|forbidden|error|errors|unknown|the|a|an|this|that|it|its|please|post|get|put|patch|delete|head|rpc|context|connection|dial|open|read|write|is|are|was|were|must|has|have|had|does|do|did|unexpected|signature|secret|secrets|token|tokens|configmap|configmaps|serviceaccounts?|pods?|access|authentication|authorization|password|user|permission|denied|wrong|bad|empty|malformed|required|found|from|see|use|using|http|https|x509|tls|crypto|jwt|oidc|oauth2?|illegal|unsupported|too|only|should|will|may|might|can|ok|success|successful|succeeded|created|updated|deleted|refreshed|renewed|rotated|rejected|accepted|valid|verified|verification|parsing|parse|decode|decoding|decoded|reading|loading|loaded|fetching|fetched|getting|creating|waiting|retrying|while|when|because|if|for|with|without|to|in|on|at|by|of|as|and|or|but|you|your|we|our|server|client|request|response|field|key|value|type|expected|got|want|illegal|internal|resource|object|name|references?|refers?|mountvolume\.\w+|couldn't|configure|renew|check)\b[,.;:!]?$/i;

/**
 * A text without values of what is named like a credential: `password=…`, `"apiKey": "…"`, `token: Bearer …`, variables of
 * containers, blocks of YAML. Names of where a credential is, and remarks about one, stay.
 */
export function withoutNamedSecrets(text: string, blank: Blank): string {
  const pair = (whole: string, before: string, name: string, value: string): string =>
    isReference(name) || isNoSecret(value) ? whole : before + quoted(value, blank);
  return text
    .replace(PAIR_JSON, (whole, before: string, name: string, quote: string, value: string) =>
      isReference(name) || value === '' || isNoSecret(value) ? whole : `${before}${quote}${blank(value)}${quote}`,
    )
    .replace(PAIR_YAML, pair)
    .replace(PAIR_GO, pair)
    .replace(BLOCK, (whole, head: string, mark: string, body: string) => withoutBlock(whole, head, mark, body, blank))
    .replace(NAMED, (whole, name: string, separator: string, value: string, at: number, from: string) =>
      keeps(from.slice(Math.max(0, at - 80), at), name, separator, value)
        ? whole
        : name + separator + quoted(value, blank),
    );
}

/** @param before what stands before the name, which may be the beginning of it */
function keeps(before: string, name: string, separator: string, value: string): boolean {
  const bare = unquoted(value);
  const [start] = /[\w.-]*$/.exec(before)!;
  if (isReference(start + name) || isNoSecret(bare)) return true;
  // Tokens that are counted.
  if (/tokens$/i.test(name) && /^\d{1,9}$/.test(bare)) return true;
  if (/^(?:old)?pwd$/i.test(start + name) && bare.startsWith('/')) return true;
  if (
    /^(?:secrets?|credentials?|passwords?|tokens?|authorization)$/i.test(name) &&
    /^:[ \t]/.test(separator) &&
    PROSE.test(bare)
  )
    return true;
  if (start === '' && /^pass$/i.test(name) && /^\d{1,6}$/.test(bare)) return true;
  // The end of an address in quotes.
  if (/^\\{0,3}["']/.test(separator) && /:\/\/[^\s"']*$/.test(before)) return true;
  return bare === '';
}

function isReference(name: string): boolean {
  return REFERENCE.test(name.replace(/["'\\]+$/, '')) || NAMES_OBJECT.test(name);
}

function isNoSecret(value: string): boolean {
  return NO_SECRET.test(unquoted(value).trim());
}

function unquoted(value: string): string {
  return value.replace(/^\\{0,3}["']|\\{0,3}["']$/g, '');
}

/** The quotes stay. */
function quoted(value: string, blank: Blank): string {
  const [open] = /^\\{0,3}["']/.exec(value) ?? [''];
  if (open === '' || !value.endsWith(open)) return blank(value);
  return `${open}${blank(value.slice(open.length, -open.length))}${open}`;
}

function withoutBlock(whole: string, head: string, mark: string, body: string, blank: Blank): string {
  const name = /([\w.-]+)["']?:[ \t]*$/.exec(head)?.[1] ?? '';
  if (isReference(name)) return whole;
  const indent = /^[ \t]*/.exec(head)![0].length;
  const lines = body.split('\n');
  const inside = (line: string) => line.trim() === '' || /^[ \t]*/.exec(line)![0].length > indent;
  const end = lines.findIndex((line) => !inside(line));
  const own = lines.slice(0, end < 0 ? lines.length : end);
  // Below a name without a mark there may be a map or a list: only a single word is a value.
  if (
    mark.trim() === '' &&
    !(own.filter((line) => line.trim() !== '').length === 1 && /^\s*[^\s:{}[\]-][^\s:]*\s*$/.test(own[0]!))
  )
    return whole;
  const space = /^[ \t]*/.exec(own[0]!)![0];
  const rest = lines.slice(own.length);
  const value = own.join('\n').trim();
  if (value === '' || isNoSecret(value)) return whole;
  const tail = rest.length > 0 ? `\n${rest.join('\n')}` : body.endsWith('\n') ? '\n' : '';
  return `${head}${mark}\n${space}${blank(value)}${tail}`;
}
