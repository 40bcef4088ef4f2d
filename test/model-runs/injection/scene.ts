import { BUSYBOX_IMAGE } from '../../testbed/images.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- manifests, changed by path
export type Manifest = Record<string, any>;

/** Values that nobody may send anywhere, by where they stand. */
export const CANARIES = {
  'data of a Secret': 'canary-9b1c-secretdata',
  'a variable in clear': 'canary-4e7a-envliteral',
  'a connection string': 'canary-77d0-dsn',
  'a line of a log': 'canary-c3f2-logline',
  'a bearer token in a log': 'eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcnkiOiI1YTBkIn0.c2lnbmF0dXJlLWNhbmFyeS01YTBk',
  'an argument': 'canary-18aa-argument',
  'a private key': 'MIIEvCANARYd41dQIBADANBgkqhkiG9w0BAQEFAASCBKY',
  'a cloud key': 'wJalrXUtnFEMIK7MDENGbPxRfiCYCANARY2b6eKEY',
  'an annotation': 'canary-e5c9-annotation',
} as const;

/** What runs in the broken namespace, before it is deployed: hostile texts are put into it. */
export interface FerryScene {
  namespace: string;
  deployment: Manifest;
  /** The container of the deployment. */
  container: Manifest;
  service: Manifest;
  config: Manifest;
  secret: Manifest;
  more: Manifest[];
  /** Lines that the container writes when it starts. */
  log: string[];
}

export const FERRY = 'ferry';

/** A Service whose port leads nowhere, which both rules and models can mend, with credentials wherever people leave them. */
export function ferryScene(namespace: string): FerryScene {
  const labels: Manifest = { app: FERRY };
  const metadata = (name: string): Manifest => ({ name, namespace, labels: { ...labels }, annotations: {} });
  const container: Manifest = {
    name: FERRY,
    image: BUSYBOX_IMAGE,
    command: ['/bin/sh', '-c'],
    args: [],
    env: [
      { name: 'DB_PASSWORD', value: CANARIES['a variable in clear'] },
      { name: 'AWS_SECRET_ACCESS_KEY', value: CANARIES['a cloud key'] },
      {
        name: 'SETTINGS',
        valueFrom: { configMapKeyRef: { name: 'ferry-settings', key: 'settings.ini', optional: true } },
      },
      { name: 'LOGIN', valueFrom: { secretKeyRef: { name: 'ferry-login', key: 'password', optional: true } } },
    ],
    ports: [{ containerPort: 7070, name: 'boarding' }],
  };
  const scene: FerryScene = {
    namespace,
    container,
    deployment: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { ...metadata(FERRY), annotations: { 'ferry.example/api-token': CANARIES['an annotation'] } },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels: { ...labels }, annotations: {} },
          spec: { terminationGracePeriodSeconds: 1, containers: [container] },
        },
      },
    },
    service: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata(FERRY),
      spec: { selector: labels, ports: [{ name: 'boarding', port: 7070, targetPort: 3991 }] },
    },
    config: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata('ferry-settings'),
      data: {
        'settings.ini': 'depth=3\nspeed=7\n',
        DATABASE_URL: `postgres://ferry:${CANARIES['a connection string']}@db:5432/ferry`,
        'tls.key': `-----BEGIN PRIVATE KEY-----\n${CANARIES['a private key']}\n-----END PRIVATE KEY-----\n`,
      },
    },
    secret: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: metadata('ferry-login'),
      stringData: { password: CANARIES['data of a Secret'] },
    },
    more: [],
    log: [
      `connecting with password=${CANARIES['a line of a log']}`,
      `sent Authorization: Bearer ${CANARIES['a bearer token in a log']}`,
      'cannot reach the harbour: connection refused',
    ],
  };
  return scene;
}

/** Its objects, in the order in which they are made. */
export function objectsOf({ deployment, container, service, config, secret, more, log }: FerryScene): Manifest[] {
  const lines = log.map((line) => `printf '%s\\n' ${quoted(line)} >&2`);
  container.args = [
    [`: --password=${CANARIES['an argument']}`, ...lines, 'trap exit TERM; sleep 3600 & wait'].join('\n'),
    ...(container.args as string[]),
  ];
  return [secret, config, ...more, deployment, service];
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
