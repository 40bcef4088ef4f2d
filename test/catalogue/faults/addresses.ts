import type { KubeObject } from '../../judge/api.ts';
import type { Member } from '../application.ts';
import { addressOf } from '../application.ts';
import { keyOf, refOf } from '../cluster.ts';
import type { Fault, Scene } from '../fault.ts';
import { edited, restore } from '../fault.ts';
import { variableOf } from '../program.ts';
import { again } from './again.ts';
import { revision } from './container.ts';

const REAL = { family: 'references', needs: 'real', scope: 'namespace' } as const;

const callerOf = ({ application, target }: Scene): Member =>
  application.members.find(({ calls }) => calls.includes(target))!;

/** The address of the target changed where its caller keeps it. */
function wrongAddress(
  name: string,
  summary: string,
  likeness: string | undefined,
  wrong: (host: string, port: string) => string,
): Fault {
  return {
    ...REAL,
    name,
    summary,
    ...(likeness ? { likeness } : {}),
    wish: { called: true },
    plan(scene) {
      const caller = callerOf(scene);
      const [host = '', port = ''] = addressOf(scene.target).split(':');
      const bad = wrong(host, port);
      const causes = [
        {
          names: [caller.name, bad.split(':')[0]!],
          word: /not exist|no such|does not|no Service|no port|port|unknown|address|quotes/i,
        },
      ];
      if (!caller.config) {
        const edit = revision({ ...scene, target: caller }, (main) => {
          (main.env as { name: string; value: string }[]).find((one) => one.name === variableOf(scene.target))!.value =
            bad;
        });
        return { ...edit, what: `${keyOf(caller.ref)}: ${variableOf(scene.target)}=${bad}`, causes };
      }
      const config = caller.config;
      const edit = edited(scene, config, (object) => (object.data[scene.target.name] = bad));
      return {
        async inject(cluster) {
          await edit.inject(cluster);
          await again(cluster, caller);
        },
        async heal(cluster) {
          await edit.heal(cluster);
          await again(cluster, caller);
        },
        what: `ConfigMap ${config.metadata.name}: ${scene.target.name}: ${bad}`,
        causes: [...causes, { names: [config.metadata.name, bad.split(':')[0]!], word: /./ }],
        mayChange: [keyOf(refOf(config)), keyOf(caller.ref)],
      };
    },
  };
}

export const ADDRESS_FAULTS: Fault[] = [
  wrongAddress(
    'address-wrong-port',
    'a caller asks its peer on a port that the Service does not have',
    'ITBench 24; SREGym incorrect_port_assignment',
    (host) => `${host}:9999`,
  ),
  wrongAddress(
    'address-wrong-name',
    'a caller asks for a Service that does not exist',
    'ITBench 16; SREGym missing_env_variable',
    (host, port) => `${host}-internal:${port}`,
  ),
  wrongAddress(
    'address-in-quotes',
    'the address of a peer was written with quotes around it, which are part of it now',
    undefined,
    (host, port) => `"${host}:${port}"`,
  ),
  {
    ...REAL,
    name: 'address-shadowed',
    summary: 'a variable stands twice in the template; the later one wins',
    likeness: 'SREGym env_variable_shadowing',
    wish: { called: true },
    plan(scene) {
      const caller = callerOf(scene);
      const variable = variableOf(scene.target);
      // In a file there is no variable to shadow.
      if (caller.addresses === 'config-file') {
        caller.main.args[0] = caller.main.args[0].replace(
          `\`cat /etc/addresses/${scene.target.name}\``,
          `$${variable}`,
        );
        caller.main.env.push({ name: variable, value: addressOf(scene.target) });
      }
      // The pipeline's merge would find two items of one key.
      const byHand: Scene = { ...scene, target: caller, manner: 'edit' };
      return {
        ...revision(byHand, (main) => main.env.push({ name: variable, value: 'localhost:1' })),
        what: `${keyOf(caller.ref)}: ${variable} twice`,
        causes: [{ names: [caller.name, variable], word: /./ }],
      };
    },
  },
  {
    ...REAL,
    name: 'service-renamed',
    summary: 'a Service was replaced by one of another name; its caller asks for the old one',
    wish: { called: true },
    plan(scene) {
      const { target } = scene;
      const caller = callerOf(scene);
      const name = `${target.name}-${scene.random.pick(['v2', 'internal', 'backend'])}`;
      const renamed = { ...target.service, metadata: { ...target.service.metadata, name } };
      return {
        what: `Service ${target.name} is called ${name} now`,
        async inject(cluster) {
          await cluster.create([renamed]);
          await cluster.remove(refOf(target.service));
        },
        heal: (cluster) => cluster.create([target.service]),
        causes: [{ names: [target.name], word: /Service|address|not exist/i }],
        mayChange: [
          keyOf(refOf(target.service)),
          keyOf(caller.ref),
          ...(caller.config ? [keyOf(refOf(caller.config))] : []),
        ],
        mayCreate: ['Service'],
      };
    },
  },
  {
    ...REAL,
    name: 'stale-variable',
    summary: 'an address was corrected in a ConfigMap; the pods read it when they started',
    likeness: 'SREGym secret_rotation_stale_env',
    wish: { called: true },
    plan(scene) {
      const { target } = scene;
      const caller = callerOf(scene);
      const config = addressesInConfig(caller, scene);
      const name = `${target.name}-green`;
      const green = { ...target.service, metadata: { ...target.service.metadata, name } };
      const address = `${name}:${target.service.spec.ports[0].port}`;
      return {
        what: `ConfigMap ${config.metadata.name} names ${name} since after ${caller.name} started; ${target.name} is gone`,
        async inject(cluster) {
          await cluster.create([green]);
          await cluster.edit(refOf(config), ({ data }) => (data[target.name] = address));
          await cluster.remove(refOf(target.service));
        },
        heal: (cluster) => again(cluster, caller),
        causes: [
          { names: [caller.name, config.metadata.name], word: /restart|started|since|before|newer|stale|read/i },
        ],
        mayChange: [keyOf(caller.ref), keyOf(refOf(target.service))],
      };
    },
  },
  {
    ...REAL,
    name: 'config-value-broken',
    summary: 'an address in a ConfigMap that pods read while they run lost its port',
    wish: { called: true },
    plan(scene) {
      const { target } = scene;
      const caller = callerOf(scene);
      const config = addressesInConfig(caller, scene);
      const port = Number(addressOf(target).split(':')[1]);
      const wrong = `${addressOf(target).split(':')[0]}:${port === 80 ? 81 : 80}`;
      let before: KubeObject | undefined;
      return {
        what: `ConfigMap ${config.metadata.name}: ${target.name}: ${wrong}`,
        async inject(cluster) {
          before = await cluster.get(refOf(config));
          await cluster.edit(refOf(config), ({ data }) => (data[target.name] = wrong));
          await again(cluster, caller);
        },
        async heal(cluster) {
          await restore(cluster, refOf(config), before!);
          await again(cluster, caller);
        },
        causes: [{ names: [config.metadata.name, target.name], word: /port/i }],
        mayChange: [keyOf(refOf(config)), keyOf(caller.ref), keyOf(refOf(target.service))],
      };
    },
  },
];

/** The caller's addresses come from a ConfigMap as variables, whatever was drawn for it. */
function addressesInConfig(caller: Member, { target }: Scene): KubeObject {
  const name = `${caller.name}-settings`;
  const data = Object.fromEntries(caller.calls.map((one) => [one.name, addressOf(one)]));
  caller.config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
  const variable = variableOf(target);
  const reference = { name: variable, valueFrom: { configMapKeyRef: { name, key: target.name } } };
  caller.main.env = [...caller.main.env.filter((one: { name: string }) => one.name !== variable), reference];
  caller.main.args[0] = caller.main.args[0].replace(`\`cat /etc/addresses/${target.name}\``, `$${variable}`);
  return caller.config;
}
