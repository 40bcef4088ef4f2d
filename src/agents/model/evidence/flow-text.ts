import { isMap } from '../../../json/json-map.ts';

/** Part of a value on one line. */
export interface FlowLine {
  /** Path of what is printed, or of what holds it: `spec.ports[0]`. */
  path: string;
  text: string;
}

const WORD = /^[\w./@*+$~^][\w./@:=*+$~^%?&!-]*(?: [\w./@*+$~^(][\w./@:=*+$~^%?&!()-]*)*$/;
const OTHER_THAN_TEXT = /^(?:true|false|null|yes|no|on|off|[-+.]?\d[\d_.eE+-]*|~)$/i;

/** A value in YAML's flow style, on one line; texts longer than `longest` characters are cut. */
export function flowText(value: unknown, longest = 400): string {
  if (Array.isArray(value)) return `[${value.map((item) => flowText(item, longest)).join(', ')}]`;
  if (isMap(value)) {
    const members = Object.entries(value).map(([key, item]) => `${scalar(key, 200)}: ${flowText(item, longest)}`);
    return `{${members.join(', ')}}`;
  }
  return scalar(value, longest);
}

function scalar(value: unknown, longest: number): string {
  if (typeof value !== 'string') return String(value ?? null);
  if (value.length > longest) return `${JSON.stringify(value.slice(0, longest))}… (${value.length} characters)`;
  return WORD.test(value) && !value.endsWith(':') && !OTHER_THAN_TEXT.test(value) ? value : JSON.stringify(value);
}

/** The whole value in lines of about `width` characters: neighbours that are short share one. */
export function flowLines(value: unknown, path = '', width = 160): FlowLine[] {
  const whole = flowText(value);
  const children = childrenOf(value, path);
  if (whole.length <= width || children.length === 0) return [{ path, text: whole }];
  const lines: FlowLine[] = [];
  let short: string[] = [];
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  const flush = () => {
    if (short.length > 0) lines.push({ path, text: `${open}${short.join(', ')}${close}` });
    short = [];
  };
  for (const child of children) {
    const text = flowText(child.value);
    const named = child.key === null ? text : `${scalar(child.key, 200)}: ${text}`;
    if (named.length > width / 2 && childrenOf(child.value, '').length > 0) {
      flush();
      lines.push(...flowLines(child.value, child.path, width));
      continue;
    }
    if (short.join(', ').length + named.length > width) flush();
    short.push(named);
  }
  flush();
  return lines;
}

function childrenOf(value: unknown, path: string): { key: string | null; path: string; value: unknown }[] {
  if (Array.isArray(value)) return value.map((item, index) => ({ key: null, path: `${path}[${index}]`, value: item }));
  if (!isMap(value)) return [];
  return Object.entries(value).map(([key, item]) => ({ key, path: memberPath(path, key), value: item }));
}

/** `spec.replicas`, `metadata.labels["app.kubernetes.io/name"]`. */
export function memberPath(path: string, key: string): string {
  if (!/^[\w-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path ? `${path}.${key}` : key;
}
