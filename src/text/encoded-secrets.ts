import type { Blank } from './secret-forms.ts';

/** Base64 (also for addresses) of at least sixteen characters. */
const BASE64 = /(?<![A-Za-z0-9+/_.-])[A-Za-z0-9+/_-]{16,65536}={0,2}(?![A-Za-z0-9+/_=-])/g;
/** Objects of kind Secret, in JSON and YAML: whatever their data says is none of a reader's business. */
const SECRET_JSON = /\\{0,3}"kind\\{0,3}"\s{0,8}:\s{0,8}\\{0,3}"Secret\\{0,3}"/;
const DATA_JSON = /(\\{0,3}"(?:data|stringData)\\{0,3}"\s{0,8}:\s{0,8}\{)([^{}]{1,65536})\}/g;
const MEMBER_JSON = /(\\{0,3}":\s{0,8}(\\{0,3}"))((?:(?!\2)[^]){1,65536}?)\2/g;
const SECRET_YAML = /^[ \t]{0,64}(?:- )?kind:[ \t]{1,8}["']?Secret["']?[ \t]{0,8}$/m;
const DOCUMENT = /^---[^\n]{0,80}$/m;
const DATA_YAML = /^([ \t]{0,64})(data|stringData):[ \t]{0,8}\n((?:\1[ \t]{1,16}[^\n]{0,65536}(?:\n|$)){1,500})/gm;
const MEMBER_YAML = /^([ \t]{1,80}["']?[\w.-]{1,253}["']?:[ \t]{1,8})(\S[^\n]{0,65536})$/gm;

/** A text without the values of Secrets that it prints. */
export function withoutSecretObjects(text: string, blank: Blank): string {
  let result = text;
  if (SECRET_JSON.test(text))
    result = result.replace(
      DATA_JSON,
      (_, head: string, body: string) =>
        `${head}${body.replace(MEMBER_JSON, (__, key: string, quote: string, value: string) => `${key}${blank(value)}${quote}`)}}`,
    );
  if (!SECRET_YAML.test(result)) return result;
  return result
    .split(/(^---[^\n]{0,80}$)/m)
    .map((part) => (DOCUMENT.test(part) || !SECRET_YAML.test(part) ? part : withoutYamlData(part, blank)))
    .join('');
}

function withoutYamlData(part: string, blank: Blank): string {
  return part.replace(
    DATA_YAML,
    (_, indent: string, name: string, body: string) =>
      `${indent}${name}:\n${body.replace(MEMBER_YAML, (__, key: string, value: string) => (/^[|>][-+]?$/.test(value) ? `${key}${value}` : key + blank(value)))}`,
  );
}

/**
 * A text without base64 that hides a secret, one level deep.
 * @param redacted the text without secrets, for what is decoded
 */
export function withoutEncodedSecrets(text: string, redacted: (text: string) => string, blank: Blank): string {
  return text.replace(BASE64, (code) => {
    if (!/[A-Z]/.test(code) || !/[a-z]/.test(code)) return code;
    const plain = decoded(code);
    return plain !== '' && redacted(plain) !== plain ? blank(code) : code;
  });
}

/** Empty for what is no text. */
function decoded(code: string): string {
  if (code.replace(/=+$/, '').length % 4 === 1) return '';
  const text = Buffer.from(code.replaceAll('-', '+').replaceAll('_', '/'), 'base64').toString('utf8');
  return /[\ufffd\u0000-\u0008\u000e-\u001f]/.test(text) ? '' : text;
}
