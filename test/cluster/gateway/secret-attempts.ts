/**
 * Ways in which somebody may try to see what is in a Secret. Written without looking at the product's code, and nothing
 * of it is used here.
 */
const FORMATS = [
  'go-template={{.data.password}}',
  'go-template={{.data.password|base64decode}}',
  'go-template={{printf "%x" (base64decode .data.password)}}',
  'go-template={{printf "%d" (index .data "password" | base64decode)}}',
  'go-template={{slice .data.password 0 8}}',
  'go-template={{slice (base64decode .data.password) 4}}',
  'go-template={{range $i, $c := .data.password}}{{printf "%c\\n" $c}}{{end}}',
  'go-template={{range $k, $v := .data}}{{$k}}={{html $v}}{{js $v}}{{urlquery $v}}{{end}}',
  'go-template={{.metadata.annotations}}',
  'go-template={{print .}}',
  'template={{.data}}',
  'jsonpath={.data.password}',
  'jsonpath={.data}',
  'jsonpath={..password}',
  'jsonpath={.metadata.annotations}',
  'jsonpath-as-json={.data}',
  'custom-columns=A:.data.password,B:.metadata.annotations',
  'json',
  'yaml',
  'wide',
  'name',
];

/** Arguments of kubectl. */
export function attempts(namespace: string, manifest: string): string[][] {
  const path = `/api/v1/namespaces/${namespace}/secrets`;
  const json = (operations: object[]) => ['patch', 'secret', 'login', '--type=json', '-p', JSON.stringify(operations)];
  return [
    ...FORMATS.map((format) => ['get', 'secret', 'login', '-o', format]),
    ['get', 'secret/login', '--template={{.data.password}}'],
    ['get', 'secret/login', '-o', 'go-template', '--template={{.data.password}}'],
    ['get', 'SECRETS', '-ojsonpath={.items[*].data}'],
    ['get', 'secrets.v1.', 'login', '-o=jsonpath={.data}'],
    ['get', 'cm,secret', '-o', 'jsonpath={range .items[*]}{.data}{end}'],
    ['get', 'configmap/settings', 'secret/login', '-o', 'yaml'],
    ['get', 'all,secrets', '-o', 'json'],
    ['get', 'secrets', '-A', '-o', 'yaml'],
    ['get', 'secrets', '--chunk-size=1', '-o', 'json'],
    ['get', 'secrets', '--sort-by=.data.password', '-o', 'yaml'],
    ['get', 'secrets', '--field-selector=type=Opaque', '-o', 'yaml', '--show-managed-fields'],
    ['get', '-f', manifest, '-o', 'yaml'],
    ['get', '-f', manifest, '-o', 'go-template={{.data.password|base64decode}}'],
    ['get', 'secret', 'login', '-o', 'name', '-v=9'],
    ['get', 'secrets', '--watch', '--output-watch-events', '-o', 'json', '--request-timeout=2s'],
    ['get', '--raw', `${path}/login`],
    ['get', '--raw', `${path}/login?pretty=true`],
    ['get', '--raw', path],
    ['get', '--raw', `${path}?watch=true&timeoutSeconds=1`],
    ['get', '--raw', `/api/v1/watch/namespaces/${namespace}/secrets/login?timeoutSeconds=1`],
    ['get', '--raw', '/api/v1/secrets'],
    ['describe', 'secret', 'login', 'tls', 'registry'],
    ['describe', '-f', manifest],
    ['apply', 'view-last-applied', 'secret/login', '-o', 'json'],
    ['apply', 'view-last-applied', '-f', manifest],
    ['apply', '-f', manifest, '--dry-run=server', '-o', 'yaml'],
    ['apply', '-f', manifest, '--server-side', '--dry-run=server', '--force-conflicts', '-o', 'json', '-v=9'],
    ['diff', '-f', manifest],
    ['set', 'env', 'deployment/web', '--list', '--resolve'],
    ['set', 'env', 'deployment/web', '--from=secret/login', '--list', '--resolve'],
    ['set', 'env', 'deployment/web', '--from=secret/login', '--dry-run=server', '-o', 'yaml'],
    ['annotate', 'secret', 'login', 'touched=1', '--overwrite', '-o', 'yaml'],
    ['annotate', 'secret', 'login', 'touched=2', '--overwrite', '--dry-run=server', '-o', 'jsonpath={.data}'],
    ['label', 'secret', 'login', 'touched=1', '--overwrite', '-o', 'json', '-v=8'],
    ['patch', 'secret', 'login', '-p', '{"stringData":{"added":"x"}}', '-o', 'yaml'],
    ['patch', 'secret', 'login', '-p', '{"immutable":false}', '-o', 'go-template={{.data.password}}'],
    ['patch', 'secret', 'login', '-p', '{"metadata":{"annotations":null}}', '-o', 'json'],
    json([{ op: 'copy', from: '/data/password', path: '/metadata/annotations/shown' }]),
    [...json([{ op: 'move', from: '/data/password', path: '/metadata/labels/shown' }]), '-o', 'yaml'],
    [...json([{ op: 'copy', from: '/data', path: '/metadata/annotations' }]), '-o', 'yaml'],
    json([{ op: 'copy', from: '/data/password', path: '/type' }]),
    json([{ op: 'replace', path: '/data/password', value: 'not base64!' }]),
    json([{ op: 'test', path: '/data/password', value: 'guess' }]),
    ['patch', 'secret', 'login', '-p', '{"data":{"password":7}}'],
    ['wait', 'secret/login', '--for=jsonpath={.data.password}=x', '--timeout=1s'],
    ['delete', 'secret', 'login', '--dry-run=server', '-o', 'name', '-v=9'],
    ['create', 'secret', 'generic', 'login', '--from-literal=password=other', '--dry-run=server', '-o', 'yaml'],
    ['rollout', 'history', 'deployment/web', '-o', 'yaml'],
    ['explain', 'secret.data'],
    ['events', '-o', 'yaml'],
  ];
}

/** The same without kubectl, for a shell in which GATEWAY is the address to talk to. */
export function requests(namespace: string): string[] {
  const url = `"$GATEWAY"/api/v1/namespaces/${namespace}/secrets`;
  const patch = `-X PATCH -H 'Content-Type: application/merge-patch+json'`;
  const accepts = [
    'application/yaml',
    'application/vnd.kubernetes.protobuf',
    'application/cbor',
    'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
    'application/json;as=Table;v=v1;g=meta.k8s.io',
    'application/json;as=Table;v=v1;g=meta.k8s.io,application/vnd.kubernetes.protobuf',
    '*/*',
  ];
  return [
    ...accepts.map((accept) => `curl -s -i -H 'Accept: ${accept}' ${url}/login`),
    `curl -s -i -H 'Accept: application/json;as=Table;v=v1;g=meta.k8s.io' '${url.replaceAll('"', "'\"'")}?includeObject=Object'`,
    `curl -s -I ${url}/login`,
    `curl -s -i -H 'Range: bytes=0-900' -H 'Accept-Encoding: gzip' ${url}/login`,
    `curl -s -i ${url}/login/`,
    `curl -s -i --path-as-is ${url}/../secrets/login`,
    `curl -s -i ${url}/%6cogin`,
    `curl -s -i -X POST ${url}/login`,
    `curl -s -i ${patch} -d '{"metadata":{"labels":{"touched":"2"}}}' ${url}/login`,
    `curl -s -i ${patch} -d '{"metadata":{"finalizers":["a b"]}}' ${url}/login`,
    `curl -s -i ${patch} -d '{"data":' ${url}/login`,
    `curl -s -i -X DELETE -d '{"dryRun":["All"]}' ${url}/login`,
    `curl -s -i -X DELETE ${url}`,
    `KUBE_EDITOR=cat kubectl edit secret login`,
    `KUBE_EDITOR=cat kubectl edit secret login -o json`,
    `KUBE_EDITOR=cat kubectl apply edit-last-applied secret/login`,
    `kubectl get secret login -o yaml | kubectl create configmap stolen --from-file=all=/dev/stdin`,
    `kubectl get secret login -o yaml | sed s/Secret/ConfigMap/ | kubectl apply -f -`,
    `kubectl get secret login -o json | kubectl diff -f -`,
    `kubectl create configmap stolen --from-literal=a="$(kubectl get secret login -o jsonpath='{.data.password}')" && kubectl get cm stolen -o yaml`,
  ];
}

/** What of a value must not be seen: as it is, encoded, reversed, in halves, as lists of bytes. */
export function traces(value: string): Array<[form: string, text: string]> {
  const bytes = Buffer.from(value);
  const encoded = bytes.toString('base64');
  const hex = bytes.toString('hex');
  const reversed = [...value].reverse().join('');
  const half = Math.max(6, Math.ceil(value.length / 2));
  return [
    ['value', value],
    ['first half', value.slice(0, half)],
    ['second half', value.slice(-half)],
    ['reversed', reversed],
    ['base64', encoded.replace(/=+$/, '')],
    ['first half of base64', encoded.slice(0, 8)],
    ['second half of base64', encoded.replace(/=+$/, '').slice(-8)],
    ['base64 reversed', [...encoded.replace(/=+$/, '')].reverse().join('')],
    ['base64 twice', Buffer.from(encoded).toString('base64').slice(0, 12)],
    ['hex', hex.slice(0, 12)],
    ['HEX', hex.toUpperCase().slice(0, 12)],
    ['hex of base64', Buffer.from(encoded).toString('hex').slice(0, 16)],
    ['bytes', [...bytes].slice(0, 5).join('')],
    ['bytes with commas', [...bytes].slice(0, 5).join(',')],
  ];
}

/** Which traces of which values a text has; line ends and blanks between letters do not help. */
export function seenIn(text: string, values: readonly string[]): string[] {
  const packed = text.replaceAll(/\s+/g, '');
  return values.flatMap((value) =>
    traces(value)
      .filter(([, trace]) => text.includes(trace) || packed.includes(trace))
      .map(([form]) => `${form} of ${value}`),
  );
}
