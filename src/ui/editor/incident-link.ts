/** What `vscode://…/incident?context=C&namespace=N` asks for. */
export interface IncidentLink {
  context: string;
  namespace: string;
}

const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** Control characters and the like never stand in a context's name. */
const CONTEXT = /^[\p{L}\p{N}\p{P}\p{S} ]{1,253}$/u;

/** Reads a link, which anybody may have written. @returns why it is none */
export function readIncidentLink(path: string, query: string): IncidentLink | string {
  if (path !== '/incident')
    return `'${path.slice(0, 60)}' is no page of Stratus; a link says /incident?context=…&namespace=…`;
  const params = new URLSearchParams(query);
  const [context = '', namespace = ''] = [params.get('context') ?? '', params.get('namespace') ?? ''];
  if (!CONTEXT.test(context)) return 'the link names no context';
  if (!NAMESPACE.test(namespace)) return 'the link names no namespace';
  return { context, namespace };
}
