import { DYNAMIC } from '../../kubectl/flag-values.ts';
import { commandIn } from '../regions/command-text.ts';
import { unreadCall } from './other-language.ts';
import type { ArgWord } from './words.ts';

/** What a program does with its arguments: run a command, run shell text, or neither. */
export type Inner =
  | { kind: 'command'; words: ArgWord[]; bounded?: boolean; appendsWords?: boolean }
  /** Shell text in `word`, from its character `from` on. */
  | { kind: 'script'; word: ArgWord; from?: number; bounded?: boolean; readsInput?: boolean }
  | { kind: 'joined-script'; words: ArgWord[]; bounded?: boolean }
  | { kind: 'stdin-script' }
  /** A program in another language that runs kubectl somehow. */
  | { kind: 'foreign' }
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
  sshpass: { values: '-f -d -p -P' },
  catchsegv: {},
  proxychains: {},
  torsocks: {},
};

const SHELLS = new Set(['sh', 'bash', 'zsh', 'dash', 'ksh', 'ash', 'busybox']);
/** Programs whose arguments are text, not commands. */
const INERT =
  /^(echo|printf|print|cat|grep|egrep|fgrep|rg|sed|which|type|hash|whereis|man|info|help|test|\[|\[\[|true|false|:|cd|mkdir|rm|chmod|chown|cp|mv|ln|ls|install|curl|wget|apt|apt-get|apk|yum|dnf|brew|pip|npm|go|git|tar|unzip|set|unset|export|local|declare|readonly|typeset|read|shift|return|exit|alias|unalias|pgrep|pkill|killall|kill|jq|yq|tee|sort|head|tail|wc|cut|tr|diff|file|stat|dirname|basename|snap|choco|arkade|krew|complete|compgen|compdef|bats|assert\w*|expect|tput|logger|wall)$/;
const INERT_NAME =
  /^_?(echo|print|log|info|warn|error|err|die|fail|fatal|say|usage|msg|note|debug|notice|require|need|check_(cmd|command|dep)|has|have|exists|install|ensure|is_installed|command_exists|header|title|describe|it|step|success|abort|panic)([_:-].*)?$/i;

/** Names of functions and programs that run the text they are given. */
const HELPER =
  /^(?:\w+[_:-]+)*(?:run|exec|execute|try|retry|eval|do|remote|ssh|attempt|repeat|quiet|silent|spin|must|wait|until|expect_success|expect_failure|doit|invoke|perform|with|local|cmd|command|shell)(?:[_:-]+\w+)*$/i;

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

/** Names of standard input as a file. */
const STANDARD_INPUT = /^(-|\/dev\/stdin|\/dev\/fd\/0|\/proc\/self\/fd\/0)$/;

function shellCommand(words: readonly ArgWord[]): Inner {
  let isText = false;
  for (let at = words[0]?.value === 'busybox' ? 2 : 1; at < words.length; at++) {
    const word = words[at];
    if (!word) break;
    const { value } = word;
    if (/^-[a-zA-Z]*c[a-zA-Z]*$/.test(value) || value === '--command') isText = true;
    else if (value === '-o' || value === '-O' || value === '+o') at++;
    else if (!isText && (value === '-s' || STANDARD_INPUT.test(value))) return { kind: 'stdin-script' };
    else if (!/^[-+]/.test(value)) return isText ? { kind: 'script', word } : { kind: 'other' };
  }
  return isText ? { kind: 'other' } : { kind: 'stdin-script' };
}

const READS_INPUT = /(?:^|[\s;&|])(?:ba|da|z|k|a)?sh(?:\s+-\S+)*\s*$/;
const TEXT_OPTION = /^(?:-[a-zA-Z]*c|--(?:command|commands|run|session-command))$/;
const TEXT_OPTION_WITH_VALUE = /^--(?:command|commands|run|session-command)=/;

/** The shell text that an option such as `-c TEXT` or `--command=TEXT` gives to a program. */
function textOption(words: readonly ArgWord[]): Inner | undefined {
  for (const [index, word] of words.entries()) {
    const next = words[index + 1];
    if (index > 0 && TEXT_OPTION.test(word.value) && next) return { kind: 'script', word: next };
    const attached = TEXT_OPTION_WITH_VALUE.exec(word.value);
    if (attached) return { kind: 'script', word, from: attached[0].length };
  }
  return undefined;
}

/** `env -S`: its value and all words after it are one text. */
function splitString(words: readonly ArgWord[]): Inner | undefined {
  const at = words.findIndex((word) => /^(-[a-zA-Z]*S|--split-string)/.test(word.value));
  const word = words[at];
  if (at < 1 || !word) return undefined;
  if (/^(-[a-zA-Z]*S|--split-string)$/.test(word.value)) return { kind: 'joined-script', words: words.slice(at + 1) };
  const attached = /^(-[a-zA-Z]*S|--split-string=)/.exec(word.value)?.[0] ?? '';
  return { kind: 'script', word, from: attached.length };
}

const RUNS_KUBECTL = /\bkubectl\b[\s"',]+[a-z-]/;
const LANGUAGE = /^(python[\d.]*|perl|ruby|node|deno|bun|php|lua|tclsh|osascript|pwsh|powershell(\.exe)?)$/;
const PROGRAM_OPTION = /^(-[a-zA-Z]*[ceEr]|--eval|--print|-command|-Command|eval)$/;

/** A program text on the command line that starts other programs, kubectl among them. */
function foreignProgram(words: readonly ArgWord[], name: string): Inner | undefined {
  if (/^[gmn]?awk$/.test(name) && words.length > 1) {
    const runs = words.some(({ value }) => unreadCall(value));
    return runs ? { kind: 'foreign' } : { kind: 'inert' };
  }
  if (!LANGUAGE.test(name)) return undefined;
  const at = words.findIndex((word) => PROGRAM_OPTION.test(word.value));
  return at > 0 && unreadCall(words[at + 1]?.value ?? '') ? { kind: 'foreign' } : undefined;
}

/** A cloud's command line that sends shell text to other machines: `--command TEXT`, or text inside its parameters. */
function remoteCommand(words: readonly ArgWord[]): Inner {
  const option =
    textOption(words) ??
    words.flatMap((word, index): Inner[] =>
      word.value === '--scripts' && words[index + 1] ? [{ kind: 'script', word: words[index + 1]! }] : [],
    )[0];
  if (option) return option;
  return words.some(({ value }) => RUNS_KUBECTL.test(value)) ? { kind: 'foreign' } : { kind: 'other' };
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
    ({ value }, index) => index > 1 && (SHELLS.has(base(value)) || isKubectlName(base(value)) || isKubectlImage(value)),
  );
  if (at < 0) return { kind: 'other' };
  // What stands after an image may be its program's arguments, or a whole command of its own.
  const next = words[at + 1];
  const isWhole =
    isKubectlImage(words[at]?.value ?? '') && next && (isKubectlName(base(next.value)) || SHELLS.has(base(next.value)));
  return { kind: 'command', words: words.slice(isWhole ? at + 1 : at) };
}

const IMAGE = new RegExp(`^(?:[\\w.:${DYNAMIC}-]+/)+kubectl(?:[:@][\\w.:${DYNAMIC}-]+)?$`);

/** True for a container image whose program is kubectl, such as `bitnami/kubectl:1.31`. */
export function isKubectlImage(value: string): boolean {
  return IMAGE.test(value) && !/^\.{0,2}\/|^(?:usr|opt|bin|snap)\//.test(value);
}

/** The last path component of a program word. */
export function base(program: string): string {
  return program.slice(program.lastIndexOf('/') + 1);
}

/** Programs that take kubectl's arguments as they are. */
export function isKubectlName(name: string): boolean {
  return /^(kubectl(\.exe|\.sh)?|kubecolor|oc)$/.test(name);
}

/** A container image whose program is kubectl, or a kubectl whose file name tells its release. */
const KUBECTL_LIKE = /^kubectl(?:[-_.]?v?\d[\w.]*|[:@].*)$/;

const LEADING_UNKNOWN = new RegExp(`^${DYNAMIC}+(?=kubectl)`);

/** How many words before the arguments: 1 for kubectl, 2 for `k3s kubectl`, 3 for `minikube kubectl --`; 0: not kubectl. */
export function kubectlPrefix(words: readonly ArgWord[]): number {
  // What a variable puts right before it, such as make's $(Q), does not change what it is.
  const name = base(words[0]?.value ?? '').replace(LEADING_UNKNOWN, '');
  if (isKubectlName(name)) return 1;
  if (['k3s', 'microk8s', 'k0s', 'rke2'].includes(name) && words[1]?.value === 'kubectl') return 2;
  if (name === 'microk8s.kubectl' || KUBECTL_LIKE.test(name)) return 1;
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

const OTHER_WRAPPERS =
  /^(aws|gcloud|az|su|runuser|script|sg|asdf|source|\.|at|batch|tmux|hyperfine|docker|podman|nerdctl|crictl|lxc|docker-compose|minikube|k3s|microk8s|k0s|rke2|eval|trap|find)$/;

/** True for programs that run the command in their arguments. */
function isWrapper(name: string): boolean {
  return Object.hasOwn(WRAPPERS, name) || SHELLS.has(name) || OTHER_WRAPPERS.test(name);
}

/** What the program in the first word does with the rest. */
export function unwrap(words: readonly ArgWord[]): Inner {
  const name = base(words[0]?.value ?? '');
  if (SHELLS.has(name)) return shellCommand(words);
  if (name === 'eval') return { kind: 'joined-script', words: words.slice(1) };
  if (name === 'trap') return words.length > 2 && words[1] ? { kind: 'script', word: words[1] } : { kind: 'inert' };
  if (name === 'find') return findExec(words);
  if (/^(su|runuser|script|sg)$/.test(name))
    return textOption(words) ?? { kind: name === 'su' ? 'stdin-script' : 'other' };
  if (name === 'source' || name === '.')
    return STANDARD_INPUT.test(words[1]?.value ?? '') ? { kind: 'stdin-script' } : { kind: 'inert' };
  if (name === 'at' || name === 'batch') return { kind: 'stdin-script' };
  if (name === 'asdf')
    return words[1]?.value === 'exec' ? { kind: 'command', words: words.slice(2) } : { kind: 'inert' };
  if (name === 'tmux' || name === 'hyperfine') {
    const script = words.find((word, index) => index > 0 && /\s/.test(word.value) && RUNS_KUBECTL.test(word.value));
    if (script) return { kind: 'script', word: script };
  }
  if (name === 'aws' || name === 'gcloud' || name === 'az') return remoteCommand(words);
  const foreign = foreignProgram(words, name);
  if (foreign) return foreign;
  if (/^(docker|podman|nerdctl|crictl|lxc|docker-compose)$/.test(name)) return containerCommand(words);
  if (name === 'command' && /^-[vVp]*[vV]/.test(words[1]?.value ?? '')) return { kind: 'inert' };
  if (INERT.test(name)) return { kind: 'inert' };
  if (!Object.hasOwn(WRAPPERS, name)) {
    if (INERT_NAME.test(name)) return { kind: 'inert' };
    const told = HELPER.test(name)
      ? words.findIndex(({ value }, index) => index > 0 && commandIn(value) === 0 && /\s/.test(value))
      : -1;
    if (told > 0 && words[told]) return { kind: 'script', word: words[told] };
    const option = textOption(words);
    const isShellText = option?.kind === 'script' && RUNS_KUBECTL.test(option.word.value);
    return isShellText ? option : { kind: 'other' };
  }
  return unwrapKnown(words, WRAPPERS[name] ?? {}, name);
}

function unwrapKnown(words: readonly ArgWord[], wrapper: Wrapper, name: string): Inner {
  const split = name === 'env' ? splitString(words) : undefined;
  if (split) return split;
  const flock = name === 'flock' ? words.findIndex((word) => word.value === '-c') : -1;
  const flockScript = flock > 0 ? words[flock + 1] : undefined;
  if (flockScript) return { kind: 'script', word: flockScript };
  const at = optionsEnd(words, wrapper, 1) + (wrapper.skip ?? 0);
  let rest = words.slice(wrapper.skip ? optionsEnd(words, { ...wrapper, skip: 0 }, at) : at);
  if (name === 'parallel') {
    const end = rest.findIndex((word) => /^:::/.test(word.value));
    if (end >= 0) rest = rest.slice(0, end);
  }
  if (rest.length === 0)
    return { kind: name === 'ssh' || (name === 'sudo' && words.length > 1) ? 'stdin-script' : 'inert' };
  const [first] = rest;
  if (rest.length === 1 && first && /\s/.test(first.value) && (wrapper.joined || name === 'parallel'))
    return {
      kind: 'script',
      word: first,
      ...mark(wrapper),
      ...(name === 'ssh' && READS_INPUT.test(first.value) ? { readsInput: true } : {}),
    };
  if (wrapper.joined) return { kind: 'joined-script', words: rest, ...mark(wrapper) };
  return { kind: 'command', words: rest, ...mark(wrapper) };
}

function mark(wrapper: Wrapper): { bounded?: boolean; appendsWords?: boolean } {
  return { ...(wrapper.bounded ? { bounded: true } : {}), ...(wrapper.appendsWords ? { appendsWords: true } : {}) };
}

/**
 * The position of a plain word `kubectl` that an unknown program was given, followed by a word that could be a verb or a
 * flag, or of a shell with a text to run; -1 if none. Retry helpers and similar functions pass their arguments on.
 */
export function passedOnCommand(words: readonly ArgWord[]): number {
  return words.findIndex(({ value }, index) => {
    if (index === 0 || value.includes(DYNAMIC)) return false;
    const next = words[index + 1]?.value ?? '';
    return value === 'kubectl' || /\/kubectl$/.test(value)
      ? /^[a-z-]/.test(next)
      : SHELLS.has(value) && /^-[a-z]*c$/.test(next);
  });
}
