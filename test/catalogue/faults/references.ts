import type { KubeObject } from '../../judge/api.ts';
import type { Member } from '../application.ts';
import { addressOf } from '../application.ts';
import type { Cluster } from '../cluster.ts';
import { keyOf, refOf } from '../cluster.ts';
import type { Fault, Scene } from '../fault.ts';
import { containerIn, edited, restore } from '../fault.ts';
import { variableOf } from '../program.ts';
import { revision } from './container.ts';

const REAL = { family: 'references', needs: 'real', scope: 'namespace' } as const;

/** A ConfigMap or Secret that the target reads as variables when it starts, and refuses to start without. */
function required(
  scene: Scene,
  kind: 'ConfigMap' | 'Secret',
  how: 'keys' | 'whole',
): { object: KubeObject; key: string } {
  const { target, application, random } = scene;
  const key = random.pick(['REGION', 'LICENCE', 'API_TOKEN', 'CURRENCY']);
  const value = random.token(8);
  const name = `${target.name}-${kind === 'Secret' ? 'credentials' : 'config'}`;
  const data = kind === 'Secret' ? { [key]: Buffer.from(value).toString('base64') } : { [key]: value };
  const object: KubeObject = { apiVersion: 'v1', kind, metadata: { name }, data };
  application.extras.push(object);
  const source = kind === 'Secret' ? 'secret' : 'configMap';
  if (how === 'whole') target.main.envFrom = [{ [`${source}Ref`]: { name } }];
  else target.main.env.push({ name: key, valueFrom: { [`${source}KeyRef`]: { name, key } } });
  target.main.args[0] = `[ -n "$${key}" ] || { echo "${key} is not set" >&2; exit 1; }\n${target.main.args[0]}`;
  return { object, key };
}

const callerOf = ({ application, target }: Scene): Member =>
  application.members.find(({ calls }) => calls.includes(target))!;

/** Its pods read their settings anew. */
const again = (cluster: Cluster, { kind, name, labels }: Member) =>
  kind === 'StatefulSet' ? cluster.removePods(labels) : cluster.restart({ kind, name });

/** The address of the target changed where its caller keeps it. */
function wrongAddress(
  name: string,
  summary: string,
  likeness: string,
  wrong: (host: string, port: string) => string,
): Fault {
  return {
    ...REAL,
    name,
    summary,
    likeness,
    wish: { called: true },
    plan(scene) {
      const caller = callerOf(scene);
      const [host = '', port = ''] = addressOf(scene.target).split(':');
      const bad = wrong(host, port);
      const causes = [
        {
          names: [caller.name, bad.split(':')[0]!],
          word: /not exist|no such|does not|no Service|no port|port|unknown|address/i,
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

export const REFERENCE_FAULTS: Fault[] = [
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
      const edit = revision({ ...scene, target: caller }, (main) =>
        main.env.push({ name: variable, value: 'localhost:1' }),
      );
      return {
        ...edit,
        // The pipeline's merge would find two items of one key.
        ...(() => {
          const hand = edited(
            { ...scene, target: caller },
            caller.workload,
            (object) => containerIn(object, caller.main.name).env.push({ name: variable, value: 'localhost:1' }),
            'edit',
          );
          return {
            inject: hand.inject,
            heal: async (cluster: Cluster) => {
              await hand.heal(cluster);
              if (caller.kind === 'StatefulSet') await cluster.removePods(caller.labels);
            },
          };
        })(),
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
    name: 'config-map-deleted',
    summary: 'a ConfigMap is gone; the pods that start since then do not come up',
    likeness: 'SREGym missing_configmap',
    wish: { kinds: ['Deployment'], interrupted: true },
    plan(scene) {
      const { target } = scene;
      const { object } = required(scene, 'ConfigMap', scene.random.pick(['keys', 'whole']));
      // Its copy of the former release is still there.
      scene.application.extras.push({ ...object, metadata: { name: `${object.metadata.name}-previous` } });
      return {
        what: `ConfigMap ${object.metadata.name} deleted, ${target.name} restarted`,
        async inject(cluster) {
          await cluster.remove(refOf(object));
          await cluster.restart(target.ref);
        },
        async heal(cluster) {
          await cluster.create([object]);
          await again(cluster, target);
        },
        causes: [{ names: ['ConfigMap', object.metadata.name], word: /not exist|missing|not found|gone|no such/i }],
        mayChange: [keyOf(target.ref), keyOf(refOf(object))],
      };
    },
  },
  {
    ...REAL,
    name: 'config-key-dropped',
    summary: 'a key went missing from a ConfigMap; it stands under another spelling',
    likeness: 'SREGym configmap_drift',
    wish: { kinds: ['Deployment'], interrupted: true },
    plan(scene) {
      const { target } = scene;
      const { object, key } = required(scene, 'ConfigMap', 'keys');
      const renamed = key.toLowerCase().replaceAll('_', '-');
      const edit = edited(scene, object, ({ data }) => {
        data[renamed] = data[key];
        delete data[key];
      });
      return {
        async inject(cluster) {
          await edit.inject(cluster);
          await cluster.restart(target.ref);
        },
        async heal(cluster) {
          await edit.heal(cluster);
          await again(cluster, target);
        },
        what: `ConfigMap ${object.metadata.name}: key ${key} is ${renamed} now`,
        causes: [{ names: [object.metadata.name, key], word: /key/i }],
        mayChange: [keyOf(target.ref), keyOf(refOf(object))],
      };
    },
  },
  {
    ...REAL,
    name: 'secret-key-wrong',
    summary: 'a new revision names a key that its Secret does not have',
    wish: {},
    plan(scene) {
      const { target } = scene;
      const { object, key } = required(scene, 'Secret', 'keys');
      const wrong = `${key}_V2`;
      const edit = revision(scene, (main) => {
        const variable = (main.env as { name: string; valueFrom: { secretKeyRef: { key: string } } }[]).find(
          ({ name }) => name === key,
        )!;
        variable.valueFrom.secretKeyRef.key = wrong;
      });
      return {
        ...edit,
        what: `${keyOf(target.ref)}: key ${wrong} of Secret ${object.metadata.name}`,
        causes: [{ names: [object.metadata.name, wrong], word: /key/i }],
      };
    },
  },
  {
    ...REAL,
    name: 'secret-name-wrong',
    summary: 'a new revision mounts a Secret that does not exist',
    wish: {},
    plan(scene) {
      const { target, application } = scene;
      const name = `${target.name}-certificate`;
      application.extras.push({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, data: { 'tls.crt': 'Zm9v' } });
      target.pod.volumes.push({ name: 'certificate', secret: { secretName: name } });
      target.main.volumeMounts.push({ name: 'certificate', mountPath: '/etc/certificate', readOnly: true });
      const wrong = `${name}s`;
      const edit = revision(scene, (_, { spec }) => {
        const volumes = spec.template.spec.volumes as { name: string; secret: { secretName: string } }[];
        volumes.find((one) => one.name === 'certificate')!.secret.secretName = wrong;
      });
      return {
        ...edit,
        what: `${keyOf(target.ref)}: Secret ${wrong}`,
        causes: [{ names: ['Secret', wrong], word: /not exist|missing|not found|no such|does not/i }],
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
