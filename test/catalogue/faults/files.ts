import type { KubeObject } from '../../judge/api.ts';
import type { Fault, Scene } from '../fault.ts';
import { brokenRevision } from './container.ts';

interface Volume {
  name: string;
  configMap?: { defaultMode?: number };
}

const volumeIn = ({ spec }: KubeObject, name: string): Volume =>
  (spec.template.spec.volumes as Volume[]).find((one) => one.name === name)!;

/** Files of a ConfigMap or Secret that the target finds below a path. */
function mounted(
  { application, target }: Scene,
  object: KubeObject,
  volume: { name: string; mountPath: string; mode: number },
): void {
  const { name, mountPath, mode: defaultMode } = volume;
  const { kind, metadata } = object;
  application.extras.push(object);
  target.pod.volumes.push({
    name,
    ...(kind === 'Secret'
      ? { secret: { secretName: metadata.name, defaultMode } }
      : { configMap: { name: metadata.name, defaultMode } }),
  });
  target.main.volumeMounts.push({ name, mountPath });
}

/** What a program, its user and the volumes of its pod are to each other. */
export const FILE_FAULTS: Fault[] = [
  brokenRevision({
    name: 'start-script-mode',
    summary: 'a new revision mounts the script that it starts with without the right to run it',
    word: /mode|execut|may not run/i,
    shape(scene) {
      const { main, name } = scene.target;
      const data = { 'start.sh': `#!/bin/sh\n${main.args[0]}` };
      const scripts: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `${name}-scripts` }, data };
      mounted(scene, scripts, { name: 'scripts', mountPath: '/scripts', mode: 0o755 });
      main.command = ['/scripts/start.sh'];
      delete main.args;
    },
    breakIt: ({ random }) => {
      const mode = random.pick([undefined, 0o644, 0o444]);
      const change = (_: unknown, workload: KubeObject) => {
        const { configMap } = volumeIn(workload, 'scripts');
        if (mode === undefined) delete configMap!.defaultMode;
        else configMap!.defaultMode = mode;
      };
      const what = `volume scripts ${mode === undefined ? 'without a mode' : `with mode 0${mode.toString(8)}`}`;
      return { what, change, names: ['/scripts/start.sh'] };
    },
  }),
  brokenRevision({
    name: 'volume-over-program',
    summary: 'a new revision mounts its settings over the folder in which the image has the program',
    word: /hides|mount/i,
    shape(scene) {
      const { main, name } = scene.target;
      const data = { 'limits.conf': 'requests=100\n', 'names.conf': `self=${name}\n` };
      const settings: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `${name}-limits` }, data };
      mounted(scene, settings, { name: 'limits', mountPath: '/etc/limits', mode: 0o644 });
      main.command = ['/bin/sh', '-c'];
    },
    breakIt: () => ({
      what: 'volume limits at /bin',
      change: (main) => {
        (main.volumeMounts as { name: string; mountPath: string }[]).find(({ name }) => name === 'limits')!.mountPath =
          '/bin';
      },
      names: ['limits', '/bin'],
    }),
  }),
  brokenRevision({
    name: 'volume-group-dropped',
    summary: 'a new revision gives the files of a volume to nobody whom its program belongs to',
    word: /permission|fsGroup|securityContext/i,
    shape(scene) {
      const { main, name, pod } = scene.target;
      const data = { signing: Buffer.from(scene.random.token(16)).toString('base64') };
      const keys: KubeObject = { apiVersion: 'v1', kind: 'Secret', metadata: { name: `${name}-keys` }, data };
      mounted(scene, keys, { name: 'keys', mountPath: '/etc/keys', mode: 0o440 });
      const id = scene.random.int(1000, 9000);
      pod.securityContext = { runAsUser: id, runAsGroup: id, fsGroup: id };
      main.args[0] = `cat /etc/keys/signing >/dev/null || exit 1\n${main.args[0]}`;
    },
    breakIt: () => ({
      what: 'without fsGroup',
      change: (_, { spec }) => {
        delete spec.template.spec.securityContext.fsGroup;
      },
    }),
  }),
];
