/** Why a runtime or the kubelet refused to start a container, by its words, and which fields of the template say so. */
export interface StartCause {
  pattern: RegExp;
  text: string;
  /** Of the container. */
  fields: string[];
  /** Of the pod. */
  podFields: string[];
  /** Of a lifecycle hook, not of the program. */
  hook?: true;
  /** The container lacks a user that it may run as. */
  user?: true;
  unfixed: string;
}

const BUILDER = 'whoever builds the image must say what fits it';

/** Most specific first. Missing ConfigMaps, Secrets and keys of them are `missing-config`'s. */
export const START_CAUSES: readonly StartCause[] = [
  {
    pattern: /[^]/,
    hook: true,
    text: 'its postStart hook fails, and the kubelet kills it for that',
    fields: ['lifecycle'],
    podFields: [],
    unfixed: 'no earlier state had another hook: whoever wrote lifecycle.postStart must say what it waits for',
  },
  {
    pattern: /runAsNonRoot|will run as root|non-numeric user|breaks non-root policy/i,
    text: 'securityContext.runAsNonRoot is set, and the user of its image is root or has no number',
    fields: ['securityContext', 'image'],
    podFields: ['securityContext'],
    user: true,
    unfixed: `a number in securityContext.runAsUser with which the program works would do: ${BUILDER}`,
  },
  {
    pattern: /exec format error/i,
    text: 'its program was built for another processor architecture (exec format error)',
    fields: ['image', 'command'],
    podFields: ['nodeSelector', 'affinity'],
    unfixed: `no earlier state had another image: ${BUILDER}, or which nodes it needs`,
  },
  {
    pattern: /subPath/i,
    text: 'a subPath of its volume mounts cannot be mounted',
    fields: ['volumeMounts'],
    podFields: ['volumes'],
    unfixed: 'no earlier state had another mount: whoever fills the volume must say what the subPath should be',
  },
  {
    pattern: /\bchdir\b|\bcwd\b|working ?dir/i,
    text: 'its working directory does not exist in the image, or may not be entered',
    fields: ['workingDir'],
    podFields: [],
    unfixed: `no earlier state had another workingDir: ${BUILDER}`,
  },
  {
    pattern: /unable to find (user|group)|no matching entries in (passwd|group)|no users found/i,
    text: 'its user is not known to the image',
    fields: ['securityContext', 'image'],
    podFields: ['securityContext'],
    unfixed: `no earlier state had another user: ${BUILDER}`,
  },
  {
    pattern: /seccomp|apparmor|selinux|invalid capability|unknown capability/i,
    text: 'the node does not know a profile or capability of its securityContext',
    fields: ['securityContext'],
    podFields: ['securityContext'],
    unfixed: 'no earlier state had another one: whoever runs the nodes must say which profiles they have',
  },
  {
    pattern: /mount a directory onto a file|not a directory|error mounting|failed to mount|mounting .* to rootfs/i,
    text: 'one of its volumes cannot be mounted at the path that volumeMounts names',
    fields: ['volumeMounts'],
    podFields: ['volumes'],
    unfixed: 'no earlier state had another mount: whoever wrote volumeMounts must say where the volume belongs',
  },
  {
    pattern: /executable file not found|no such file or directory|no command specified|: not found|applet not found/i,
    text: 'the program that its command names does not exist in the image',
    fields: ['command', 'args'],
    podFields: [],
    unfixed: `no earlier state had another command: ${BUILDER}`,
  },
  {
    pattern: /permission denied|is a directory|operation not permitted/i,
    text: 'the program that its command names may not be run',
    fields: ['command', 'args', 'securityContext', 'volumeMounts'],
    podFields: ['securityContext', 'volumes'],
    unfixed: `no earlier state had another command: ${BUILDER}`,
  },
];
