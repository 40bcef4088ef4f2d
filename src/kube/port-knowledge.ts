import { containersOf, servingContainers } from './pod-template.ts';
import type { ContainerSpec, Untyped } from './pod-template.ts';

/** A port on which a pod is known to listen, and where that is written. */
export interface KnownPort {
  number: number;
  /** Name of the declared container port. */
  name: string | null;
  protocol: string;
  declared: boolean;
  /** Probe that asks this port; `readiness` wins over the others. */
  probe: 'readiness' | 'liveness' | 'startup' | null;
  /** Environment variable or argument that names it as the port to listen on. */
  hint: string | null;
  container: string;
  /** Path below the pod spec. */
  place: string;
}

export interface PortKnowledge {
  ports: KnownPort[];
  /** Containers that neither declare a port nor have one probed: they might serve any port. */
  silentContainers: string[];
  /** Numbers that some argument or variable mentions as a port; they are not taken as wrong. */
  mentioned: Set<number>;
  /** Numbers that stand in an argument or variable whatever they mean: nobody can tell that they are not served. */
  spoken: Set<number>;
}

/** Proxies that service meshes inject; they declare ports of their own and serve the application's undeclared. */
export const INJECTED = /^(istio-proxy|istio-validation|linkerd-proxy|consul-dataplane|envoy-sidecar|kuma-sidecar)$/;

/** Variables whose value is where the process itself listens, not where it finds something else. */
const OWN_PORT_VARIABLE =
  /^(?:(?:APP|SERVER|HTTP|HTTPS|GRPC|WEB|LISTEN|SERVICE|CONTAINER|BIND|NODE|API|REST|TCP|UDP|RPC)_)*(?:PORT|LISTEN|BIND|LISTEN_ADDR(?:ESS)?|BIND_ADDR(?:ESS)?|LISTEN_ON)$/;
const PORT_VARIABLE = /PORT|LISTEN|BIND|ADDR/;
const PORT_ARGUMENT = /(?:port|listen|bind|addr(?:ess)?)[\w.-]*[=:\s]/i;
/** `8080`, `:8080`, `0.0.0.0:8080`, `[::]:8080`, `*:8080`, `localhost:8080`. */
const LISTEN_VALUE =
  /^(?:(?:tcp|http|https):\/\/)?(?:(?:0\.0\.0\.0|127\.0\.0\.1|localhost|\[[0-9a-f:]*\]|\*)?:)?(\d{1,5})\/?$/i;

export function portKnowledge(podSpec: Untyped): PortKnowledge {
  const ports: KnownPort[] = [];
  const mentioned = new Set<number>();
  const spoken = new Set<number>();
  const silentContainers: string[] = [];
  for (const container of servingContainers(podSpec)) {
    const before = ports.length;
    addDeclared(ports, container);
    for (const probe of ['readiness', 'liveness', 'startup'] as const) addProbe(ports, container, probe);
    if (ports.length === before && !INJECTED.test(container.name)) silentContainers.push(container.name);
    addHints(ports, mentioned, container);
  }
  for (const container of containersOf(podSpec)) addMentions(mentioned, container);
  for (const container of servingContainers(podSpec)) addSpoken(spoken, container);
  return { ports, silentContainers, mentioned, spoken };
}

/**
 * Whether a pod listens where a Service port leads. `containerPort` is documentation for numbers, so that a number counts
 * as not served only when the application's containers tell their ports, none is this one, and nothing mentions it
 * (`unclear`: it may well listen there). A name must be declared.
 */
export function listens(
  { ports, silentContainers, mentioned, spoken }: PortKnowledge,
  target: number | string,
  protocol: string,
): 'yes' | 'no' | 'unclear' {
  if (typeof target === 'string')
    return ports.some((port) => port.declared && port.name === target && port.protocol === protocol) ? 'yes' : 'no';
  const isIt = (port: KnownPort) => port.number === target && port.protocol === protocol;
  if (mentioned.has(target) || ports.some(isIt)) return 'yes';
  const own = ports.filter(({ container }) => !INJECTED.test(container));
  return silentContainers.length > 0 || own.length === 0 || spoken.has(target) ? 'unclear' : 'no';
}

function addSpoken(spoken: Set<number>, container: ContainerSpec): void {
  const env: Untyped[] = Array.isArray(container.spec?.env) ? container.spec.env : [];
  const words = [
    ...env.map((variable) => variable?.value),
    ...(container.spec?.command ?? []),
    ...(container.spec?.args ?? []),
  ];
  for (const word of words)
    for (const [number] of String(word ?? '').matchAll(/(?<![0-9])\d{1,5}(?![0-9])/g)) spoken.add(Number(number));
}

function addDeclared(ports: KnownPort[], container: ContainerSpec): void {
  const declared: Untyped[] = Array.isArray(container.spec?.ports) ? container.spec.ports : [];
  declared.forEach((port, index) => {
    if (!isPortNumber(port?.containerPort)) return;
    ports.push({
      number: port.containerPort,
      name: typeof port.name === 'string' && port.name !== '' ? port.name : null,
      protocol: port.protocol ?? 'TCP',
      declared: true,
      probe: null,
      hint: null,
      container: container.name,
      place: `${container.place}.ports[${index}]`,
    });
  });
}

function addProbe(ports: KnownPort[], container: ContainerSpec, probe: 'readiness' | 'liveness' | 'startup'): void {
  const spec = container.spec?.[`${probe}Probe`];
  const asked: unknown = spec?.httpGet?.port ?? spec?.tcpSocket?.port ?? spec?.grpc?.port;
  if (asked === undefined) return;
  const own = ports.filter((port) => port.container === container.name);
  const found = own.find((port) => port.number === asked || port.name === asked);
  if (found) found.probe ??= probe;
  else if (isPortNumber(asked)) {
    const place = `${container.place}.${probe}Probe`;
    const rest = { name: null, protocol: 'TCP', declared: false, hint: null };
    ports.push({ number: asked, ...rest, probe, container: container.name, place });
  }
}

function addHints(ports: KnownPort[], mentioned: Set<number>, container: ContainerSpec): void {
  const env: Untyped[] = Array.isArray(container.spec?.env) ? container.spec.env : [];
  env.forEach((variable, index) => {
    const name = String(variable?.name ?? '');
    const number = listenNumber(variable?.value);
    if (number === null || !PORT_VARIABLE.test(name)) return;
    mentioned.add(number);
    if (!OWN_PORT_VARIABLE.test(name)) return;
    const found = ports.find((port) => port.container === container.name && port.number === number);
    if (found) found.hint ??= name;
    else {
      const place = `${container.place}.env[${index}]`;
      const rest = { name: null, protocol: 'TCP', declared: false, probe: null };
      ports.push({ number, ...rest, hint: name, container: container.name, place });
    }
  });
}

function addMentions(mentioned: Set<number>, container: ContainerSpec): void {
  const words = [...(container.spec?.command ?? []), ...(container.spec?.args ?? [])].map(String);
  words.forEach((word, index) => {
    for (const match of word.matchAll(/(?:^|[=:\s])(\d{2,5})(?=$|[\s"',;/])/g)) {
      const number = Number(match[1]);
      const spoken =
        match[0].startsWith(':') ||
        PORT_ARGUMENT.test(word) ||
        /port|listen|bind|addr|^-p$/i.test(words[index - 1] ?? '');
      if (isPortNumber(number) && spoken) mentioned.add(number);
    }
  });
}

function listenNumber(value: unknown): number | null {
  const match = LISTEN_VALUE.exec(String(value ?? '').trim());
  const number = Number(match?.[1]);
  return match && isPortNumber(number) ? number : null;
}

export function isPortNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65536;
}
