import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { GatewayTransaction } from '../../../src/gateway/gateway-transaction.ts';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { eventually, openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';

const signal = new AbortController().signal;
const GROUP = 'lossless.stratus.test';
const TOLERATION = '{"effect":"NoExecute","key":"a","operator":"Exists","tolerationSeconds":9007199254740993}';
let cluster: TestCluster;
let gateway: GatewayHarness;
let gadget: string;
let deployment: string;

beforeAll(async () => {
  cluster = await acquireCluster();
  const setup = await openGateway(cluster.instance, 'lossless');
  await setup.apply({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `gadgets.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
            },
          },
        },
      ],
    },
  });
  await eventually('gadgets are served', async () => {
    const answer = await setup.api.send('GET', `/apis/${GROUP}/v1/namespaces/${setup.namespace}/gadgets`);
    return answer.status === 200;
  });
  await setup.close();
});
afterAll(async () => {
  const cleanup = await openGateway(cluster.instance, 'lossless');
  await cleanup.kubectl('delete', 'crd', `gadgets.${GROUP}`, '--ignore-not-found');
  await cleanup.close();
  await cluster.release();
});

beforeEach(async () => {
  gateway = await openGateway(cluster.instance, 'lossless');
  gadget = `/apis/${GROUP}/v1/namespaces/${gateway.namespace}/gadgets`;
  deployment = `/apis/apps/v1/namespaces/${gateway.namespace}/deployments`;
  await post(gadget, gadgetText('one', '9007199254740993', '"first"'));
  await post(deployment, deploymentText('web', 'shop:1'));
  return () => gateway.close();
});

function gadgetText(name: string, n: string, word: string): string {
  const numbers = `"n":${n},"half":1.5,"large":1e21,"list":[9007199254740993,1]`;
  return `{"apiVersion":"${GROUP}/v1","kind":"Gadget","metadata":{"name":"${name}"},"spec":{${numbers},"toString":${word},"__proto__":{"constructor":9007199254740993}}}`;
}

function deploymentText(name: string, image: string): string {
  const pod = `{"containers":[{"name":"app","image":"${image}"}],"tolerations":[${TOLERATION}]}`;
  return `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"${name}"},"spec":{"replicas":1,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":${pod}}}}`;
}

async function post(path: string, text: string): Promise<void> {
  const answer = await gateway.api.send('POST', path, { body: Buffer.from(text) });
  expect(answer.status, answer.message).toBe(201);
}

/** The judge: bytes as the API server sends them, never parsed. */
async function textOf(path: string): Promise<string> {
  const { status, text } = await gateway.api.raw(path, signal, 1 << 20);
  expect(status, text).toBe(200);
  return text;
}

/** The text of a member that is a map or a list, without what comes before and after it. */
function member(text: string, name: string, from = 0): string {
  const start = text.indexOf(`"${name}":`, from) + name.length + 3;
  expect(start, `${name} in ${text}`).toBeGreaterThan(name.length + 3);
  let depth = 0;
  for (let at = start; ; at++) {
    if (text[at] === '"') for (at++; text[at] !== '"'; at++) if (text[at] === '\\') at++;
    if ('{['.includes(text[at]!)) depth++;
    if ('}]'.includes(text[at]!) && --depth === 0) return text.slice(start, at + 1);
    if (at > text.length) throw new Error(`no end of ${name}`);
  }
}
/** Past metadata, whose managed fields name everything too. */
const specOf = (text: string) =>
  member(text, 'spec', text.lastIndexOf('"managedFields"') < 0 ? 0 : endOfMetadata(text));
const endOfMetadata = (text: string) => text.indexOf('"metadata":') + member(text, 'metadata').length;
const spec = async (path: string) => specOf(await textOf(path));

async function step(transaction: GatewayTransaction, argv: string[], content = ''): Promise<void> {
  const files = argv.includes('{{manifest}}') ? [{ name: 'manifest', content }] : [];
  const result = await transaction.execute({ argv }, files, signal);
  expect(result.problem).toBe('');
  expect(result.ok, result.stderr).toBe(true);
}

/** A colleague, who does not go through the gateway. */
async function theirs(path: string): Promise<void> {
  const body = { metadata: { labels: { theirs: 'yes' } } };
  const answer = await gateway.api.send('PATCH', path, { body, contentType: 'application/merge-patch+json' });
  expect(answer.status, answer.message).toBe(200);
}

type Kind = 'gadget' | 'deployment';
const manifestOf = (kind: Kind, name: string) =>
  kind === 'gadget' ? gadgetText(name, '9007199254740995', '2.5') : deploymentText(name, 'shop:2');
const MERGE: Record<Kind, string> = {
  gadget: '{"spec":{"n":9007199254740995,"toString":null}}',
  deployment: '{"spec":{"minReadySeconds":3}}',
};
const OPERATIONS: Record<Kind, string> = {
  gadget:
    '[{"op":"test","path":"/spec/n","value":9007199254740993},{"op":"replace","path":"/spec/list/0","value":9007199254740995}]',
  deployment: '[{"op":"add","path":"/spec/minReadySeconds","value":3}]',
};

/** Other groups may have gadgets, too. */
const target = (kind: Kind, name: string) => (kind === 'gadget' ? `gadgets.${GROUP}/${name}` : `${kind}/${name}`);

/** Commands on one object; `{{manifest}}` stands for a file with its manifest. */
const COMMANDS: [name: string, argv: (kind: Kind, name: string) => string[]][] = [
  ['a label', (kind, name) => ['label', '--overwrite', target(kind, name), 'added=yes']],
  ['replace', () => ['replace', '-f', '{{manifest}}']],
  ['apply', () => ['apply', '-f', '{{manifest}}']],
  ['apply --server-side', () => ['apply', '--server-side', '--force-conflicts', '-f', '{{manifest}}']],
  ['a merge patch', (kind, name) => ['patch', target(kind, name), '--type=merge', '-p', MERGE[kind]]],
  ['a JSON patch', (kind, name) => ['patch', target(kind, name), '--type=json', '-p', OPERATIONS[kind]]],
];

/** Exactly what kubectl does to a twin of the object without any gateway. */
async function onTwin(kind: Kind, argv: string[], content: string): Promise<string> {
  const file = join(gateway.stateFolder, 'twin.json');
  await writeFile(file, content);
  await gateway.kubectl(...argv.map((word) => word.replace('{{manifest}}', file)));
  return spec(`${kind === 'gadget' ? gadget : deployment}/twin`);
}

describe.each(COMMANDS)('through %s', (_, command) => {
  it.each(['gadget', 'deployment'] as const)(
    'a %s becomes what it becomes without us, and comes back beside the edit of a colleague',
    async (kind) => {
      const path = kind === 'gadget' ? gadget : deployment;
      const name = kind === 'gadget' ? 'one' : 'web';
      await post(
        path,
        kind === 'gadget' ? gadgetText('twin', '9007199254740993', '"first"') : deploymentText('twin', 'shop:1'),
      );
      // While a controller still writes its status, a replacement meets a conflict, with us as without us.
      if (kind === 'deployment') await gateway.kubectl('rollout', 'status', 'deployment/web', '--timeout=90s');
      const before = await spec(`${path}/${name}`);
      expect(before).toContain('9007199254740993');
      const transaction = await gateway
        .transactions({ convergeMs: 0 })
        .begin({ run: 'r', title: 't', maxWrites: 5, accept: ['unknown'] });
      await step(transaction, command(kind, name), manifestOf(kind, name));
      const written = await spec(`${path}/${name}`);
      expect(written).toBe(await onTwin(kind, command(kind, 'twin'), manifestOf(kind, 'twin')));
      await theirs(`${path}/${name}`);
      expect(await transaction.undo(signal)).toMatchObject({ outcome: 'undone' });
      expect(await spec(`${path}/${name}`)).toBe(before);
      expect(await textOf(`${path}/${name}`)).toContain('"theirs":"yes"');
      await transaction.dispose();
    },
  );
});

it('a deleted object is created again with its numbers and keys', async () => {
  const before = await spec(`${gadget}/one`);
  const transaction = await gateway
    .transactions({ convergeMs: 0 })
    .begin({ run: 'r', title: 't', maxWrites: 5, accept: ['unknown'] });
  await step(transaction, ['delete', target('gadget', 'one')]);
  expect(await transaction.undo(signal)).toMatchObject({ outcome: 'undone' });
  expect(await spec(`${gadget}/one`)).toBe(before);
  await transaction.dispose();
});

it('a ConfigMap with a key toString is undone beside the edit of a colleague', async () => {
  const path = `/api/v1/namespaces/${gateway.namespace}/configmaps`;
  await post(
    path,
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"odd"},"data":{"toString":"1","constructor":"2","a":"1"}}',
  );
  const transaction = await gateway
    .transactions({ convergeMs: 0 })
    .begin({ run: 'r', title: 't', maxWrites: 5, accept: ['unknown'] });
  await step(transaction, [
    'patch',
    'configmap/odd',
    '--type=merge',
    '-p',
    '{"data":{"toString":null,"valueOf":"new"}}',
  ]);
  await gateway.kubectl('patch', 'configmap/odd', '--type=merge', '-p', '{"data":{"hasOwnProperty":"theirs"}}');
  expect(await transaction.undo(signal)).toMatchObject({ outcome: 'undone' });
  expect(member(await textOf(`${path}/odd`), 'data')).toBe(
    '{"a":"1","constructor":"2","hasOwnProperty":"theirs","toString":"1"}',
  );
  await transaction.dispose();
});

it('a text that the server keeps with escapes guards a JSON patch, and is undone beside the edit of a colleague', async () => {
  const path = `/api/v1/namespaces/${gateway.namespace}/configmaps`;
  const before = 'db://store:1/?a=1&b=<2> && c';
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'signs' }, data: { url: before } };
  await post(path, JSON.stringify(body));
  const transaction = await gateway.transactions({ convergeMs: 0 }).begin({ run: 'r', title: 't', maxWrites: 5 });
  const operations = [
    { op: 'test', path: '/data/url', value: before },
    { op: 'replace', path: '/data/url', value: 'db://store:2/?a=1&b=<2> && c' },
  ];
  await step(transaction, ['patch', 'configmap/signs', '--type=json', '-p', JSON.stringify(operations)]);
  await theirs(`${path}/signs`);
  expect(await transaction.undo(signal)).toMatchObject({ outcome: 'undone' });
  expect(JSON.parse(member(await textOf(`${path}/signs`), 'data'))).toEqual({ url: before });
  await transaction.dispose();
});
