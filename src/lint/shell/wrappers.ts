import { DYNAMIC } from '../../kubectl/flag-values.ts';
import type { ArgWord } from './words.ts';

/** What a program does with its arguments: run a command, run shell text, or neither. */
export type Inner =
  | { kind: 'command'; words: ArgWord[]; bounded?: boolean; appendsWords?: boolean }
  | { kind: 'script'; word: ArgWord; bounded?: boolean }
  | { kind: 'joined-script'; words: ArgWord[]; bounded?: boolean }
  | { kind: 'stdin-script' }
  | { kind: 'inert' }
  | { kind: 'other' };

interface Wrapper {
  /** Short and long options that take the next word as value. */
  values?: string;
  /** Plain words to skip before the command (timeout's duration, flock's file …). */
  skip?: number;
  assignments?: boolean;
  bounded?: boolean;
  appendsWords?: boolean;
  /** The rest is joined and read by a shell (watch, ssh). */
  joined?: boolean;
}

const WRAPPERS: Readonly<Record<string, Wrapper>> = {
  env: { values: '-u --unset -C --chdir', assignments: true },
  sudo: { values: '-u -g -h -p -C -r -t -T -U -D -R --user --group --host --prompt --chdir', assignments: true },
  doas: { values: '-u -C', assignments: true },
  command: {},
  builtin: {},
  exec: { values: '-a' },
  nohup: {},
  setsid: {},
  time: { values: '-f -o --format --output' },
  nice: { values: '-n --adjustment' },
  ionice: { values: '-c -n -p --class --classdata' },
  chrt: { skip: 1 },
  taskset: { skip: 1 },
  stdbuf: { values: '-i -o -e' },
  unbuffer: {},
  strace: { values: '-e -o -p -s -u' },
  timeout: { values: '-k -s --kill-after --signal', skip: 1, bounded: true },
  gtimeout: { values: '-k -s --kill-after --signal', skip: 1, bounded: true },
  flock: { values: '-w -E --timeout --conflict-exit-code', skip: 1 },
  xargs: {
    values:
      '-I -i -n -P -L -d -a -E -s --max-args --max-procs --replace --delimiter --arg-file --max-lines --max-chars',
    appendsWords: true,
  },
  watch: { values: '-n --interval', joined: true },
  ssh: { values: '-p -i -l -o -F -J -L -R -D -b -c -E -e -I -m -O -Q -S -W -w', skip: 1, joined: true },
  parallel: {
    values: '-j -N -n -a --jobs --colsep --delay --joblog --retries --timeout --results',
    appendsWords: true,
  },
  chroot: { skip: 1 },
  'cross-env': { assignments: true },
  dotenv: { values: '-e -f' },
  catchsegv: {},
  proxychains: {},
  torsocks: {},
};

const SHELLS = new Set(['sh', 'bash', 'zsh', 'dash', 'ksh', 'ash', 'busybox']);
/** Programs whose arguments are text, not commands. */
const INERT =
  /^(echo|printf|print|cat|grep|egrep|fgrep|rg|sed|awk|which|type|hash|whereis|man|info|help|test|\[|\[\[|true|false|:|cd|mkdir|rm|chmod|chown|cp|mv|ln|ls|install|curl|wget|apt|apt-get|apk|yum|dnf|brew|pip|npm|go|git|tar|unzip|set|unset|export|local|declare|readonly|typeset|read|shift|return|exit|source|\.|alias|unalias|pgrep|pkill|killall|kill|jq|yq|tee|sort|head|tail|wc|cut|tr|diff|file|stat|dirname|basename|asdf|snap|choco|arkade|krew|complete|compgen|compdef|bats|assert\w*|expect|tput|logger|wall)$/;
const INERT_NAME =
  /^_?(echo|print|log|info|warn|error|err|die|fail|fatal|say|usage|msg|note|debug|notice|require|need|check_(cmd|command|dep)|has|have|exists|install|ensure|is_installed|command_exists|header|title|describe|it|step|success|abort|panic)([_:-].*)?$/i;

function optionsEnd(words: readonly ArgWord[], wrapper: Wrapper, from: number): number {
  const values = new Set((wrapper.values ?? '').split(' ').filter(Boolean));
  let at = from;
  for (; at < words.length; at++) {
    const value = words[at]?.value ?? '';
    if (value === '--') return at + 1;
    if (value.startsWith('-') && value.length > 1) {
      if (values.has(value)) at++;
    } else if (wrapper.assignments && /^[A-Za-z_]\w*=/.test(value)) continue;
    else break;
  }
  return at;
}

function shellCommand(words: readonly ArgWord[]): Inner {
  let at = words[0]?.value === 'busybox' ? 2 : 1;
  for (; at < words.length; at++) {
    const word = words[at];
    if (!word) break;
    if (/^-[a-zA-Z]*c[a-zA-Z]*$/.test(word.value) || word.value === '--command') {
      const script = words[at + 1];
      return script ? { kind: 'script', word: script } : { kind: 'other' };
    }
    if (word.value === '-s' || word.value === '-') return { kind: 'stdin-script' };
    if (word.value === '-o' || word.value === '-O' || word.value === '+o') at++;
    else if (!word.value.startsWith('-') && !word.value.startsWith('+')) return { kind: 'other' };
  }
  return { kind: 'stdin-script' };
}

function findExec(words: readonly ArgWord[]): Inner {
  const at = words.findIndex((word) => /^-(exec|execdir|ok|okdir)$/.test(word.value));
  if (at < 0) return { kind: 'inert' };
  const end = words.findIndex((word, index) => index > at && (word.value === ';' || word.value === '+'));
  return { kind: 'command', words: words.slice(at + 1, end < 0 ? undefined : end), appendsWords: true };
}

/** The container's command of docker run/exec and friends: from the first word that is kubectl or a shell. */
function containerCommand(words: readonly ArgWord[]): Inner {
  const at = words.findIndex(
    (word, index) => index > 1 && (SHELLS.has(base(word.value)) || isKubectlName(base(word.value))),
  );
  return at < 0 ? { kind: 'other' } : { kind: 'command', words: words.slice(at) };
}

/** The last path component of a program word. */
export function base(program: string): string {
  return program.slice(program.lastIndexOf('/') + 1);
}

/** Programs that take kubectl's arguments as they are. */
export function isKubectlName(name: string): boolean {
  return name === 'kubectl' || name === 'kubectl.exe' || name === 'kubecolor' || name === 'oc';
}

/** How many words before the arguments: 1 for kubectl, 2 for `k3s kubectl`, 3 for `minikube kubectl --`; 0: not kubectl. */
export function kubectlPrefix(words: readonly ArgWord[]): number {
  const name = base(words[0]?.value ?? '');
  if (isKubectlName(name)) return 1;
  if (['k3s', 'microk8s', 'k0s', 'rke2'].includes(name) && words[1]?.value === 'kubectl') return 2;
  if (name === 'microk8s.kubectl' || /^kubectl[-_.]?v?\d[\w.]*$/.test(name)) return 1;
  if (name === 'minikube') {
    const at = words.findIndex((word) => word.value === 'kubectl');
    if (at > 0) return words[at + 1]?.value === '--' ? at + 2 : at + 1;
  }
  return 0;
}

/** What a program word alone says: it may lead to kubectl, its arguments are only text, or neither is known. */
export type ProgramKind = 'leads-on' | 'inert' | 'other';

const MAX_KNOWN = 5_000;
const kinds = new Map<string, ProgramKind>();

/** The kind of a program by its word as written; a pure function, remembered because scripts repeat themselves. */
export function programKind(program: string): ProgramKind {
  const known = kinds.get(program);
  if (known) return known;
  const word = [{ value: program, start: 0, end: 0 }];
  const kind =
    kubectlPrefix(word) > 0 || isWrapper(base(program))
      ? 'leads-on'
      : unwrap(word).kind === 'inert'
        ? 'inert'
        : 'other';
  if (kinds.size >= MAX_KNOWN) kinds.clear();
  kinds.set(program, kind);
  return kind;
}

/** True for programs that run the command in their arguments. */
function isWrapper(name: string): boolean {
  return (
    Object.hasOwn(WRAPPERS, name) ||
    SHELLS.has(name) ||
    /^(su|runuser|docker|podman|nerdctl|crictl|lxc|docker-compose|minikube|k3s|microk8s|k0s|rke2|eval|trap|find)$/.test(
      name,
    )
  );
}

/** What the program in the first word does with the rest. */
export function unwrap(words: readonly ArgWord[]): Inner {
  const name = base(words[0]?.value ?? '');
  if (SHELLS.has(name)) return shellCommand(words);
  if (name === 'eval') return { kind: 'joined-script', words: words.slice(1) };
  if (name === 'trap') return words.length > 2 && words[1] ? { kind: 'script', word: words[1] } : { kind: 'inert' };
  if (name === 'find') return findExec(words);
  if (name === 'su' || name === 'runuser') {
    const at = words.findIndex((word) => word.value === '-c' || word.value === '--command');
    const script = at < 0 ? undefined : words[at + 1];
    return script ? { kind: 'script', word: script } : { kind: 'other' };
  }
  if (/^(docker|podman|nerdctl|crictl|lxc|docker-compose)$/.test(name)) return containerCommand(words);
  if (name === 'command' && /^-[vVp]*[vV]/.test(words[1]?.value ?? '')) return { kind: 'inert' };
  if (INERT.test(name)) return { kind: 'inert' };
  if (!Object.hasOwn(WRAPPERS, name)) return INERT_NAME.test(name) ? { kind: 'inert' } : { kind: 'other' };
  return unwrapKnown(words, WRAPPERS[name] ?? {}, name);
}

function unwrapKnown(words: readonly ArgWord[], wrapper: Wrapper, name: string): Inner {
  if (name === 'env') {
    const at = words.findIndex((word) => word.value === '-S' || word.value === '--split-string');
    const text = at > 0 ? words[at + 1] : undefined;
    if (text) return { kind: 'script', word: text };
  }
  const flock = name === 'flock' ? words.findIndex((word) => word.value === '-c') : -1;
  const flockScript = flock > 0 ? words[flock + 1] : undefined;
  if (flockScript) return { kind: 'script', word: flockScript };
  const at = optionsEnd(words, wrapper, 1) + (wrapper.skip ?? 0);
  let rest = words.slice(wrapper.skip ? optionsEnd(words, { ...wrapper, skip: 0 }, at) : at);
  if (name === 'parallel') {
    const end = rest.findIndex((word) => /^:::/.test(word.value));
    if (end >= 0) rest = rest.slice(0, end);
  }
  if (rest.length === 0) return { kind: name === 'ssh' ? 'stdin-script' : 'inert' };
  const [first] = rest;
  if (rest.length === 1 && first && /\s/.test(first.value) && (wrapper.joined || name === 'parallel'))
    return { kind: 'script', word: first, ...mark(wrapper) };
  if (wrapper.joined) return { kind: 'joined-script', words: rest, ...mark(wrapper) };
  return { kind: 'command', words: rest, ...mark(wrapper) };
}

function mark(wrapper: Wrapper): { bounded?: boolean; appendsWords?: boolean } {
  return { ...(wrapper.bounded ? { bounded: true } : {}), ...(wrapper.appendsWords ? { appendsWords: true } : {}) };
}

/**
 * The position of a plain word `kubectl` that an unknown program was given, followed by a word that could be a verb or a
 * flag; -1 if none. Retry helpers and similar functions pass their arguments on.
 */
export function passedOnKubectl(words: readonly ArgWord[]): number {
  return words.findIndex(
    (word, index) =>
      index > 0 &&
      word.value === 'kubectl' &&
      /^[a-z-]/.test(words[index + 1]?.value ?? '') &&
      !word.value.includes(DYNAMIC),
  );
}
