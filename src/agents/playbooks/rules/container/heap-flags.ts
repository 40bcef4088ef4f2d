import type { Untyped } from '../../../../kube/pod-template.ts';
import { quantity } from '../../../../kube/quantity.ts';

/** A setting by which a program is told how much memory it may use. */
export interface HeapFlag {
  name: string;
  bytes: number;
  text: string;
  /** Path below the container. */
  place: string;
}

/** `-Xmx2g`, `--max-old-space-size=4096` (MiB), `GOMEMLIMIT=2GiB`. */
const JAVA = /-Xmx(\d+)([kKmMgG]?)\b/;
const NODE = /--max[-_]old[-_]space[-_]size[= ](\d+)/;
const GO = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB|TiB)?$/;

/** Only a limit of the whole heap counts: what a program takes beside it is not told anywhere. */
export function heapFlags(container: Untyped): HeapFlag[] {
  const words: { text: string; place: string; variable: string }[] = [
    ...listed(container?.command).map((text, index) => ({ text, place: `command[${index}]`, variable: '' })),
    ...listed(container?.args).map((text, index) => ({ text, place: `args[${index}]`, variable: '' })),
    ...((container?.env ?? []) as Untyped[]).map((each, index) => ({
      text: String(each?.value ?? ''),
      place: `env[${index}]`,
      variable: String(each?.name ?? ''),
    })),
  ];
  return words.flatMap(({ text, place, variable }): HeapFlag[] => {
    const [java, node] = [JAVA.exec(text), NODE.exec(text)];
    if (java) return [{ name: '-Xmx', bytes: inBytes(java[1]!, java[2]!), text: java[0], place }];
    if (node) return [{ name: 'max-old-space-size', bytes: Number(node[1]) * 2 ** 20, text: node[0], place }];
    const go = variable === 'GOMEMLIMIT' ? GO.exec(text) : null;
    const unit = (go?.[2] ?? 'B').replace(/B$/, '');
    const bytes = go ? quantity(`${go[1]}${unit}`) : null;
    return bytes === null ? [] : [{ name: 'GOMEMLIMIT', bytes, text: `GOMEMLIMIT=${text}`, place }];
  });
}

function listed(words: unknown): string[] {
  return Array.isArray(words) ? words.map(String) : [];
}

function inBytes(digits: string, unit: string): number {
  const power = { k: 1, m: 2, g: 3 }[unit.toLowerCase()] ?? 0;
  return Number(digits) * 1024 ** power;
}
