import type { App, ConfigObject, Member, MemberService, Setting, Volume, WorkloadKind } from './app-model.ts';
import type { Random } from './random.ts';
import { createRandom } from './random.ts';

/** Vocabularies of different trades; none of these words occurs in the demo shop. */
const THEMES = [
  { team: 'vinyl', nouns: ['pressing', 'sleeve', 'catalog', 'royalty', 'turntable', 'groove', 'label', 'mastering'] },
  { team: 'harbor', nouns: ['berth', 'crane', 'manifest', 'pilotage', 'tide', 'customs', 'ballast', 'mooring'] },
  { team: 'bakery', nouns: ['oven', 'dough', 'ledger', 'courier', 'crumb', 'yeast', 'counter', 'basket'] },
  { team: 'observatory', nouns: ['dome', 'spectrum', 'scheduler', 'archive', 'mirror', 'transit', 'plate', 'almanac'] },
  { team: 'orchard', nouns: ['graft', 'picker', 'cider', 'frost', 'ladder', 'crate', 'pollen', 'auction'] },
] as const;
const STAGES = ['prod', 'live', 'blue', 'eu1', 'main'] as const;
const SUFFIXES = ['', '-svc', '-api', '-worker', '-core', '-v2'] as const;
const LABEL_KEYS = ['app', 'app.kubernetes.io/name', 'component', 'k8s-app', 'unit.example.org/id'] as const;
const PORT_NAMES = ['http', 'web', 'api', 'main', 'svc-port', 'ingress'] as const;
const KEY_WORDS = ['pool', 'mode', 'region', 'quota', 'batch', 'policy', 'tariff', 'locale', 'window'] as const;
const KEY_TAILS = ['size', 'name', 'limit', 'level', 'path', 'token'] as const;
const MOUNTS = ['/var/lib/', '/srv/', '/opt/state/', '/mnt/'] as const;

/**
 * Draws an application of 3 to 6 members. Every one is reachable from the entry, so that breaking any of them breaks
 * the user's request. There always are: a Deployment of 2 or 3 replicas behind the entry, a member whose rollouts
 * interrupt service, one with settings of that kind, and one with a claim.
 */
export function generateApp(seed: number): App {
  const random = createRandom(seed, 'app');
  const theme = random.pick(THEMES);
  const names = random.shuffle(theme.nouns).slice(0, random.int(3, 6));
  const ports = random.shuffle(Array.from({ length: 900 }, (_, i) => 3001 + 7 * i));
  const members = names.map((noun, index) => drawMember(random, index, noun, ports[index] as number));
  ensureVariety(random, members);
  connect(random, members);
  const configs = drawSettings(random, theme.team, members);
  return {
    seed,
    namespace: `${theme.team}-${random.pick(STAGES)}-${random.token(4)}`,
    image: `${random.pick(['images', 'registry', 'oci'])}.${theme.team}.testbed.local/${random.token(5)}/${random.pick(['unit', 'member', 'runtime'])}:${random.int(1, 9)}.${random.int(0, 20)}.${random.int(0, 9)}`,
    labelKey: random.pick(LABEL_KEYS),
    commonLabels: random.chance(0.6) ? { [random.pick(['team', 'owner', 'product'])]: theme.team } : {},
    applied: random.chance(0.5),
    members,
    path: random.pick(['/', '/status', `/${theme.team}`, `/v1/${theme.nouns[0]}?full=1`]),
    configs,
  };
}

function drawMember(random: Random, index: number, noun: string, port: number): Member {
  const kind: WorkloadKind = index > 0 && random.chance(0.3) ? 'StatefulSet' : 'Deployment';
  const workload = noun + random.pick(SUFFIXES);
  const portName = random.chance(0.6) ? random.pick(PORT_NAMES) : undefined;
  return {
    workload,
    kind,
    replicas: random.pick([1, 1, 2]),
    container: random.pick([noun, 'main', 'app', workload]),
    port,
    portName,
    probe: random.pick(['http', 'tcp']),
    service: drawService(random, noun, workload, port, portName),
    calls: [],
    settings: [],
    rollout: random.pick(['recreate', 'all-at-once', 'gradual', 'gradual']),
    podManagement: random.pick(['OrderedReady', 'Parallel']),
  };
}

function drawService(random: Random, noun: string, workload: string, port: number, portName?: string): MemberService {
  const extra = random.chance(0.25);
  return {
    name: random.pick([workload, noun, `${noun}-internal`]),
    port: random.pick([80, 8000, port, random.int(1024, 9999)]),
    portName: extra || random.chance(0.5) ? random.pick(PORT_NAMES) : undefined,
    targetPort: portName && random.chance(0.7) ? portName : port,
    extraPort: extra ? { name: 'stats', port: random.int(10000, 19999) } : undefined,
  };
}

function ensureVariety(random: Random, members: Member[]): void {
  const behind = random.shuffle(members.slice(1));
  const scaled = behind[0] as Member;
  Object.assign(scaled, { kind: 'Deployment', replicas: random.int(2, 3) } satisfies Partial<Member>);
  const interrupted = behind[1] as Member;
  Object.assign(interrupted, {
    replicas: 1,
    rollout: random.pick(['recreate', 'all-at-once']),
  } satisfies Partial<Member>);
  for (const member of behind.slice(1)) {
    if (member === interrupted || (member.replicas === 1 && random.chance(0.4)))
      member.volume = drawVolume(random, member);
  }
}

/** A claim can be mounted by one pod only, so it goes to a member of one replica. */
function drawVolume(random: Random, member: Member): Volume {
  const name = random.pick(['data', 'state', 'files']);
  const fromTemplate = member.kind === 'StatefulSet' && random.chance(0.5);
  const claim = fromTemplate
    ? `${name}-${member.workload}-0`
    : `${member.workload}-${random.pick(['pvc', 'disk', name])}`;
  return { name, claim, mount: random.pick(MOUNTS) + name, fromTemplate };
}

/** Every member but the entry gets a caller before it in the list: no cycles, and all are reachable. */
function connect(random: Random, members: Member[]): void {
  members.forEach((member, index) => {
    if (index === 0) return;
    const callers = members.slice(0, index);
    const first = random.pick(callers);
    first.calls.push(member.workload);
    for (const other of callers) {
      if (other !== first && random.chance(0.2)) other.calls.push(member.workload);
    }
  });
}

/** Each member gets 0 to 2 settings; the one whose rollout interrupts service gets one of each form. */
function drawSettings(random: Random, team: string, members: Member[]): ConfigObject[] {
  const configs: ConfigObject[] = [
    { kind: 'ConfigMap', name: `${team}-${random.pick(['config', 'settings', 'env'])}`, data: {} },
    { kind: 'Secret', name: `${team}-${random.pick(['keys', 'private', 'access'])}`, data: {} },
  ];
  for (const member of members) {
    const forms: Setting['kind'][][] = [[], ['ConfigMap'], ['Secret'], ['ConfigMap', 'Secret']];
    const kinds = member.volume ? (['ConfigMap', 'Secret'] as const) : random.pick(forms);
    const [first, second] = random.shuffle(kinds);
    for (const [kind, asFile] of [
      [first, false],
      [second, true],
    ] as const) {
      if (kind) member.settings.push(drawSetting(random, configs, kind, asFile));
    }
  }
  return configs.filter((config) => Object.keys(config.data).length > 0);
}

function drawSetting(random: Random, configs: ConfigObject[], kind: Setting['kind'], asFile: boolean): Setting {
  const config = configs.find((candidate) => candidate.kind === kind) as ConfigObject;
  const words = [random.pick(KEY_WORDS), random.pick(KEY_TAILS)];
  const key = uniqueKey(config.data, words.join(random.pick(['-', '_', '.'])));
  config.data[key] = random.token(12);
  if (!asFile) return { kind, object: config.name, key, env: words.join('_').toUpperCase() };
  const volume = kind === 'Secret' ? 'secret-files' : 'config-files';
  return { kind, object: config.name, key, file: { volume, mount: `/etc/${volume}`, path: `${words.join('.')}.conf` } };
}

function uniqueKey(data: Record<string, string>, wanted: string): string {
  let key = wanted;
  for (let n = 2; key in data; n++) key = `${wanted}${n}`;
  return key;
}
