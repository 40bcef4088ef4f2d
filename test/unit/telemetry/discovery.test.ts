import { describe, expect, it } from 'vitest';
import { probePaths } from '../../../src/telemetry/discovery/identify.ts';
import type { ServiceFacts } from '../../../src/telemetry/discovery/likely-sources.ts';
import { likelySources } from '../../../src/telemetry/discovery/likely-sources.ts';
import { containerUsage, nodeUsage } from '../../../src/telemetry/kube-metrics/kube-metrics.ts';

const service = (
  name: string,
  ports: (number | [string, number])[],
  labels: Record<string, string> = {},
): ServiceFacts => ({
  namespace: 'monitoring',
  name,
  labels,
  ports: ports.map((port) => (Array.isArray(port) ? { name: port[0], port: port[1] } : { port })),
});
const found = (...services: ServiceFacts[]) =>
  likelySources(services).map(({ role, kind, product, service: at }) =>
    [role, kind, product, `${at.service}:${at.port}${at.path}`].join(' '),
  );

describe('Services that look like sources', () => {
  it.each<[ServiceFacts, string]>([
    [service('prometheus-operated', [9090]), 'metrics prometheus Prometheus prometheus-operated:9090/'],
    [service('kps-kube-prometheus-stack-prometheus', [['http-web', 9090], ['reloader-web', 8080]], { app: 'kube-prometheus-stack-prometheus' }), 'metrics prometheus Prometheus kps-kube-prometheus-stack-prometheus:9090/'],
    [service('prometheus-server', [['http', 80]], { 'app.kubernetes.io/name': 'prometheus' }), 'metrics prometheus Prometheus prometheus-server:80/'],
    [service('x', [['web', 9090]], { 'app.kubernetes.io/name': 'prometheus' }), 'metrics prometheus Prometheus x:9090/'],
    [service('thanos-query', [['grpc', 10901], ['http', 9090]]), 'metrics prometheus Thanos thanos-query:9090/'],
    [service('mimir-gateway', [80]), 'metrics prometheus Mimir mimir-gateway:80/prometheus'],
    [service('vmsingle-main', [['http', 8428]], { 'app.kubernetes.io/name': 'vmsingle' }), 'metrics prometheus VictoriaMetrics vmsingle-main:8428/'],
    [service('vmselect-main', [8481], { 'app.kubernetes.io/name': 'vmselect' }), 'metrics prometheus VictoriaMetrics vmselect-main:8481/select/0/prometheus'],
    [service('alertmanager-main', [['web', 9093], ['reloader-web', 8080]]), 'alerts alertmanager Alertmanager alertmanager-main:9093/'],
    [service('jaeger-query', [['http-query', 16686], ['grpc-query', 16685]]), 'traces jaeger Jaeger jaeger-query:16686/'],
    [service('simplest-query', [['http-query', 16686]], { app: 'jaeger', 'app.kubernetes.io/component': 'service-query' }), 'traces jaeger Jaeger simplest-query:16686/'],
    [service('tempo', [3200, 4317]), 'traces tempo Tempo tempo:3200/'],
    [service('loki-gateway', [['http-metrics', 80]]), 'logs loki Loki loki-gateway:80/'],
    [service('vls-victoria-logs-single-server', [9428], { app: 'server' }), 'logs victorialogs VictoriaLogs vls-victoria-logs-single-server:9428/'],
  ])('%j', (facts, expected) => {
    expect(found(facts)).toEqual([expected]);
  }); // prettier-ignore

  it.each([
    service('prometheus-node-exporter', [9100], { 'app.kubernetes.io/name': 'prometheus-node-exporter' }),
    service('prometheus-pushgateway', [9091]),
    service('prometheus-operator', [8080], { 'app.kubernetes.io/name': 'prometheus-operator' }),
    service('simplest-collector', [14268, 4317], { app: 'jaeger', 'app.kubernetes.io/component': 'service-collector' }),
    service('orders-query', [['http', 80]]),
    service('loki-memberlist', [7946]),
    service('prometheus', [['udp', 9999]]),
    { ...service('prometheus', []), ports: [{ port: 9090, protocol: 'UDP' }] },
  ])('%j is none', (facts) => {
    expect(found(facts)).toEqual([]);
  });

  it('the one that knows most comes first, one made for people before one made by an operator', () => {
    expect(
      found(
        service('prometheus-operated', [9090]),
        service('alertmanager-operated', [9093]),
        service('prometheus-k8s', [9090]),
        service('thanos-query', [9090]),
      ).map((line) => line.split(' ')[3]),
    ).toEqual([
      'thanos-query:9090/',
      'prometheus-k8s:9090/',
      'prometheus-operated:9090/',
      'alertmanager-operated:9093/',
    ]);
  });

  it('speaks TLS where the port says so', () => {
    const facts = { ...service('prometheus', []), ports: [{ name: 'web', port: 9090, appProtocol: 'https' }] };
    expect(likelySources([facts])[0]!.service.tls).toBe(true);
    expect(likelySources([service('prometheus', [['https-web', 9090]])])[0]!.service.tls).toBe(true);
  });

  it('has pinned paths to make sure', () => {
    expect(probePaths('prometheus')).toEqual(['/api/v1/status/buildinfo', '/api/v1/query']);
    expect(probePaths('alertmanager')).toEqual(['/api/v2/status']);
    expect(probePaths('cloudwatch')).toEqual([]);
  });
});

describe('what the kubelet measured', () => {
  it('is read by node and container', () => {
    const timestamp = '2031-03-04T05:06:07Z';
    expect(
      nodeUsage([
        { metadata: { name: 'n1' }, timestamp, window: '20.1s', usage: { cpu: '250m', memory: '1Ki' } },
        {},
        null,
      ]),
    ).toEqual([{ node: 'n1', at: Date.parse(timestamp), windowMs: 20_100, cpu: 0.25, memory: 1024 }]);
    const containers = [{ name: 'app', usage: { cpu: '1234567n', memory: 'much' } }, null];
    expect(
      containerUsage([{ metadata: { name: 'p', namespace: 'shop' }, timestamp, window: '1m0s', containers }, { timestamp }]),
    ).toEqual([
      { namespace: 'shop', pod: 'p', container: 'app', at: Date.parse(timestamp), windowMs: 60_000, cpu: 0.001234567, memory: null },
    ]); // prettier-ignore
  });
});
