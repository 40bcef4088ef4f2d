import { oneLine } from '../../text/plain-text.ts';

/** What `vscode://…/incident?context=C&namespace=N` asks for. */
export interface IncidentLink {
  context: string;
  namespace: string;
}

const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** Control characters and the like never stand in a context's name. */
const CONTEXT = /^[\p{L}\p{N}\p{P}\p{S} ]{1,253}$/u;

/** Of what somebody else wrote, in characters. */
const SHOWN = 60;

/** Reads a link, which anybody may have written. @returns why it is none */
export function readIncidentLink(path: string, query: string): IncidentLink | string {
  if (path !== '/incident')
    return `'${oneLine(path, SHOWN)}' is no page of Stratus; a link says /incident?context=…&namespace=…`;
  const params = new URLSearchParams(query);
  const [context = '', namespace = ''] = [params.get('context') ?? '', params.get('namespace') ?? ''];
  if (context === '') return 'the link names no context';
  if (!CONTEXT.test(context)) return `the link names a context that cannot be one: '${oneLine(context, SHOWN)}'`;
  if (namespace === '') return 'the link names no namespace';
  if (!NAMESPACE.test(namespace))
    return `the link names a namespace that cannot be one: '${oneLine(namespace, SHOWN)}'`;
  return { context, namespace };
}
