import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { secretLiterals } from '../../../src/kubectl/secret-literals.ts';
import { shownArgv, shownTitle } from '../../../src/kubectl/secret-words.ts';

const words = (text: string) => text.split(' ');

describe('shownArgv', () => {
  it.each<[string, string]>([
    ['create secret generic x --from-literal=k=hunter2', 'create secret generic x --from-literal=k=«secret»'],
    ['create secret generic x --from-literal k=hunter2', 'create secret generic x --from-literal k=«secret»'],
    ['create secret generic x --from-literal=hunter2', 'create secret generic x --from-literal=«secret»'],
    ['create secret generic x --from-file=k=./f -n b', 'create secret generic x --from-file=k=./f -n b'],
    [
      'create secret docker-registry x --docker-username=u --docker-password=hunter2',
      'create secret docker-registry x --docker-username=«secret» --docker-password=«secret»',
    ],
    ['patch secret x -p {"data":{"k":"hunter2"}}', 'patch secret x -p «secret»'],
    ['patch secrets/x -p={"data":{"k":"hunter2"}}', 'patch secrets/x --patch=«secret»'],
    ['patch -f f.yaml -p {"stringData":{"k":"hunter2"}} --type=merge', 'patch -f f.yaml -p «secret» --type=merge'],
    ['annotate Secret x a=hunter2 b- --overwrite', 'annotate Secret x a=«secret» b- --overwrite'],
    ['label secrets.v1. x a=hunter2', 'label secrets.v1. x a=«secret»'],
    ['get secret x -o jsonpath={.data.hunter2}', 'get secret x -o «secret»'],
    ['wait secret/x --for=jsonpath={.data.k}=hunter2', 'wait secret/x --for=«secret»'],
    ['get pods --token hunter2', 'get pods --token «secret»'],
    ['set env deploy/x DB_PASSWORD=hunter2 LOG_LEVEL=debug', 'set env deploy/x DB_PASSWORD=«secret» LOG_LEVEL=debug'],
    ['run x --image=a --env=API_TOKEN=hunter2', 'run x --image=a --env=API_TOKEN=«secret»'],
    [
      'create configmap x --from-literal=password=hunter2 --from-literal=mode=a',
      'create configmap x --from-literal=password=«secret» --from-literal=mode=a',
    ],
    ['conjure hunter2 --with=hunter2', 'conjure «secret»'],
  ])('%s', (typed, shown) => {
    expect(shownArgv(words(typed)).join(' ')).toBe(shown);
    expect(shownArgv(shownArgv(words(typed)))).toEqual(shownArgv(words(typed)));
  });

  it.each([
    'scale deployment web --replicas=3',
    'patch deployment web -p {"spec":{"paused":true}}',
    'set image deploy/web app=example/app:2',
    'apply -f f.yaml --server-side',
    'expose -f f.yaml --port=80',
    'delete secret a b c --wait=false',
    'get pods -o jsonpath={.items}',
    'rollout undo deployment/web --to-revision=3',
    'set env deploy/x --from=secret/login',
  ])('leaves %s', (typed) => {
    expect(shownArgv(words(typed)).join(' ')).toBe(typed);
  });

  it('shows no value of a Secret, wherever the flags stand', () => {
    const value = fc.stringMatching(/^[a-zA-Z0-9+/ "{}:,-]{6,20}$/).map((text) => `Zq9${text}`);
    const command = fc.oneof(
      value.map((v) => ['create', 'secret', 'generic', 'x', `--from-literal=k=${v}`]),
      value.map((v) => ['create', 'secret', 'generic', 'x', '--from-literal', `k=${v}`, '-n', 'a']),
      value.map((v) => ['create', '--namespace', 'a', 'secret', 'docker-registry', 'x', '--docker-email', v]),
      value.map((v) => ['patch', 'secret', 'x', '--type=json', `-p${JSON.stringify([{ value: v }])}`]),
      value.map((v) => ['-n', 'a', 'patch', 'secret/x', '--patch', v]),
      value.map((v) => ['annotate', 'secret', 'x', `k=${v}`, '--overwrite']),
    );
    fc.assert(
      fc.property(command, (argv) => {
        expect(shownArgv(argv).join(' ')).not.toContain('Zq9');
        expect(shownTitle(argv.join(' '), [argv])).not.toContain('Zq9');
        expect(shownTitle(argv.join(' '), [])).not.toContain('Zq9');
      }),
    );
  });
});

describe('secretLiterals', () => {
  it.each<[string, string[]]>([
    ['create secret generic x --from-literal=k=hunter2', ['hunter2']],
    ['create secret generic x --from-literal=k=hunter2 --dry-run=client', []],
    ['patch secret x -p {"stringData":{"k":"hunter2"}}', ['{"stringData":{"k":"hunter2"}}', 'hunter2']],
    [
      'patch secret x --type=json -p [{"op":"add","path":"/data/k","value":"aHVudGVy"}]',
      ['[{"op":"add","path":"/data/k","value":"aHVudGVy"}]', 'aHVudGVy'],
    ],
    ['get secret x -o yaml', []],
    ['patch deployment x -p {"data":{}}', []],
  ])('%s', (typed, literals) => {
    expect(secretLiterals(words(typed))).toEqual(literals);
  });
});
