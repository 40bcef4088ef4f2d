/** PEM texts of a client certificate and its key. */
export interface ClientIdentity {
  readonly certificate: string;
  readonly key: string;
}

export interface KubeconfigInput {
  /** Name of context, cluster and user. */
  readonly name: string;
  /** https URL of the API server. */
  readonly server: string;
  /** PEM text of the authority that signed the server's certificate. */
  readonly authority: string;
  readonly identity: ClientIdentity;
}

/** A kubeconfig (YAML) with one context and everything embedded, so that the file can be copied anywhere. */
export function kubeconfigText(input: KubeconfigInput): string {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return [
    'apiVersion: v1',
    'kind: Config',
    'clusters:',
    `- name: ${input.name}`,
    '  cluster:',
    `    server: ${input.server}`,
    `    certificate-authority-data: ${base64(input.authority)}`,
    'users:',
    `- name: ${input.name}`,
    '  user:',
    `    client-certificate-data: ${base64(input.identity.certificate)}`,
    `    client-key-data: ${base64(input.identity.key)}`,
    'contexts:',
    `- name: ${input.name}`,
    '  context:',
    `    cluster: ${input.name}`,
    `    user: ${input.name}`,
    `current-context: ${input.name}`,
    '',
  ].join('\n');
}
