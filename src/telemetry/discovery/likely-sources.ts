import type { ServiceUrl } from '../../text/service-url.ts';
import type { SourceKind, SourceRole } from '../settings/source-spec.ts';

/** What is looked at of a Service. */
export interface ServiceFacts {
  namespace: string;
  name: string;
  labels: Readonly<Record<string, string>>;
  ports: readonly { name?: string; port: number; protocol?: string; appProtocol?: string }[];
}

/** A Service that looks like a source. Only asking it (`identify`) makes sure. */
export interface LikelySource {
  role: SourceRole;
  kind: SourceKind;
  service: ServiceUrl;
  /** What it looks like: `Thanos`, `VictoriaMetrics`. */
  product: string;
}

interface Looks {
  role: SourceRole;
  kind: SourceKind;
  product: string;
  /** Values of `app.kubernetes.io/name` or `app`, or names of the Service, as their charts and operators give them. */
  names: RegExp;
  /** `app.kubernetes.io/component`, where the same application has Services that answer no questions. */
  component?: RegExp;
  /** Where it answers, the usual first. */
  ports: readonly number[];
  portNames: RegExp;
  base?: string;
}

const WEB = /^(https?|https?-?web|web|https?-metrics|https?-query|query)$/;

/** Best first within a role: what knows the whole cluster before what knows a part. */
const LOOKS: readonly Looks[] = [
  { role: 'metrics', kind: 'prometheus', product: 'Thanos', names: /^thanos-query(-frontend)?$|-thanos-query(-frontend)?$/, ports: [9090, 10902, 10904], portNames: WEB },
  { role: 'metrics', kind: 'prometheus', product: 'Mimir', names: /^mimir-(gateway|nginx|query-frontend)$|-mimir-(gateway|nginx|query-frontend)$/, ports: [80, 8080], portNames: WEB, base: '/prometheus' },
  { role: 'metrics', kind: 'prometheus', product: 'VictoriaMetrics', names: /^vmselect|-vmselect$/, ports: [8481], portNames: WEB, base: '/select/0/prometheus' },
  { role: 'metrics', kind: 'prometheus', product: 'VictoriaMetrics', names: /^vmsingle|^victoria-metrics(-single)?(-server)?$|-victoria-metrics-single(-server)?$/, ports: [8428, 8429], portNames: WEB },
  { role: 'metrics', kind: 'prometheus', product: 'Prometheus', names: /^prometheus(-server|-k8s|-operated|-main)?$|-prometheus(-server)?$/, ports: [9090, 80], portNames: WEB },
  { role: 'alerts', kind: 'alertmanager', product: 'Alertmanager', names: /^alertmanager(-main|-operated)?$|-alertmanager$|^vmalertmanager/, ports: [9093, 80], portNames: WEB },
  { role: 'traces', kind: 'jaeger', product: 'Jaeger', names: /^jaeger(-query|-all-in-one|-inmemory)?$|-jaeger(-query)?$/, component: /^(query|all-in-one|service-query)$/, ports: [16686, 80], portNames: /^(https?-query|query|query-http|https?|jaeger-ui|ui)$/ },
  { role: 'traces', kind: 'tempo', product: 'Tempo', names: /^tempo(-query-frontend|-gateway)?$|-tempo(-query-frontend|-gateway)?$/, ports: [3200, 3100, 80], portNames: WEB },
  { role: 'logs', kind: 'victorialogs', product: 'VictoriaLogs', names: /^(vlsingle|vlselect|vlogs|victoria-?logs)|-victoria-logs-(single|cluster)(-server|-vlselect)?$/, ports: [9428, 9471], portNames: WEB },
  { role: 'logs', kind: 'loki', product: 'Loki', names: /^loki(-gateway|-read|-query-frontend|-stack)?$|-loki(-gateway)?$/, ports: [3100, 80], portNames: WEB },
]; // prettier-ignore

const MOST_FOUND = 20;

/** Services that look like sources by well-known names, labels and ports, the best of each role first. */
export function likelySources(services: readonly ServiceFacts[]): LikelySource[] {
  const found: (LikelySource & { rank: number })[] = [];
  for (const facts of services) {
    const names = [facts.labels['app.kubernetes.io/name'], facts.labels.app, facts.name];
    const index = LOOKS.findIndex((looks) => looksLike(looks, facts, names));
    const looks = LOOKS[index];
    const port = looks && portOf(looks, facts);
    if (!looks || !port) continue;
    const tls = port.appProtocol === 'https' || /^https\b/.test(port.name ?? '');
    const service: ServiceUrl = {
      namespace: facts.namespace,
      service: facts.name,
      port: String(port.port),
      tls,
      path: looks.base ?? '/',
    };
    const operated = facts.name.endsWith('-operated') ? 0.5 : 0;
    found.push({ role: looks.role, kind: looks.kind, product: looks.product, service, rank: index + operated });
  }
  found.sort((a, b) => a.rank - b.rank || compare(a.service, b.service));
  return found.slice(0, MOST_FOUND).map(({ role, kind, service, product }) => ({ role, kind, service, product }));
}

function looksLike(looks: Looks, facts: ServiceFacts, names: readonly (string | undefined)[]): boolean {
  if (!names.some((name) => name !== undefined && looks.names.test(name))) return false;
  const component = facts.labels['app.kubernetes.io/component'];
  if (looks.component && component !== undefined && !looks.component.test(component)) return false;
  return portOf(looks, facts) !== undefined;
}

/** One of the usual numbers first; a name alone is enough only on a Service with one such port. */
function portOf({ ports, portNames }: Looks, facts: ServiceFacts): ServiceFacts['ports'][number] | undefined {
  const tcp = facts.ports.filter(({ protocol = 'TCP' }) => protocol === 'TCP');
  const usual = ports.map((number) => tcp.find(({ port }) => port === number)).find((port) => port !== undefined);
  if (usual) return usual;
  const called = tcp.filter(({ name }) => name !== undefined && portNames.test(name));
  return called.length === 1 ? called[0] : undefined;
}

function compare(a: ServiceUrl, b: ServiceUrl): number {
  const [one, other] = [`${a.namespace}/${a.service}`, `${b.namespace}/${b.service}`];
  return one < other ? -1 : Number(one > other);
}
