import type { KubeObject } from '../../judge/api.ts';
import { keyOf, refOf } from '../cluster.ts';
import type { Fault, Scene } from '../fault.ts';
import { edited } from '../fault.ts';
import { variableOf } from '../program.ts';
import { again } from './again.ts';
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

interface Variable {
  name: string;
  value?: string;
}

/** The address of the first member that the target asks, made of a variable of its own for the host. */
function composedAddress({ target }: Scene): string {
  const variables = target.main.env as Variable[];
  const address = variableOf(target.calls[0]!);
  const at = variables.findIndex(({ name }) => name === address);
  const [host, port] = variables[at]!.value!.split(':');
  const name = address.replace(/ADDRESS$/, 'HOST');
  variables.splice(at, 1, { name, value: host! }, { name: address, value: `$(${name}):${port}` });
  return name;
}

export const REFERENCE_FAULTS: Fault[] = [
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
    name: 'variables-sorted',
    summary: 'a new revision has its variables sorted by name, and one is made of another that comes after it now',
    wish: { calls: true, addresses: 'value' },
    plan(scene) {
      const host = composedAddress(scene);
      const edit = revision(scene, (main) => {
        (main.env as Variable[]).sort((one, other) => (one.name < other.name ? -1 : 1));
      });
      return {
        ...edit,
        what: `${keyOf(scene.target.ref)}: ${host} stands behind what is made of it`,
        causes: [{ names: [scene.target.name, host], word: /variable|\$\(/i }],
      };
    },
  },
  {
    ...REAL,
    name: 'variable-renamed',
    summary: 'a new revision renames a variable, but not where another one is made of it',
    wish: {},
    plan(scene) {
      const { target, random } = scene;
      const [old, now] = random.pick([
        ['DATA_DIR', 'DATA_ROOT'],
        ['STATE_PATH', 'STATE_FOLDER'],
        ['HOME_DIR', 'APP_HOME'],
      ] as const);
      target.main.env.push({ name: old, value: '/tmp/state' }, { name: 'CACHE_DIR', value: `$(${old})/cache` });
      target.main.args[0] = `case "$CACHE_DIR" in
  /*) mkdir -p "$CACHE_DIR";;
  *) echo "CACHE_DIR is no path: $CACHE_DIR" >&2; exit 1;;
esac
${target.main.args[0]}`;
      const edit = revision(scene, (main) => {
        (main.env as Variable[]).find(({ name }) => name === old)!.name = now;
      });
      return {
        ...edit,
        what: `${keyOf(target.ref)}: variable ${old} is ${now} now`,
        causes: [{ names: [target.name, old], word: /variable|\$\(/i }],
      };
    },
  },
];
