import type { KubeObject } from '../../judge/api.ts';

/** An environment variable whose value is an address of a Service of the same manifests. */
export interface Address {
  workload: KubeObject;
  container: number;
  variable: number;
  value: string;
  service: KubeObject;
  port: number;
}

export const WORKLOADS = /^(Deployment|StatefulSet|DaemonSet)$/;

export const workloadsIn = (objects: readonly KubeObject[]): KubeObject[] =>
  objects.filter(({ kind = '' }) => WORKLOADS.test(kind));

/** Services whose selector picks pods of the manifests. */
export function servingServices(objects: readonly KubeObject[]): { service: KubeObject; behind: KubeObject[] }[] {
  return objects.flatMap((service) => {
    if (service.kind !== 'Service' || service.spec?.clusterIP === 'None') return [];
    const wanted = Object.entries((service.spec?.selector ?? {}) as Record<string, string>);
    const behind = workloadsIn(objects).filter(({ spec }) => {
      const labels = (spec.template.metadata?.labels ?? {}) as Record<string, string>;
      return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
    });
    return behind.length > 0 ? [{ service, behind }] : [];
  });
}

/** `name:port`, alone or within a URL, where a Service of that name has that port. */
export function addressesIn(objects: readonly KubeObject[]): Address[] {
  const services = new Map(servingServices(objects).map(({ service }) => [service.metadata.name, service]));
  return workloadsIn(objects).flatMap((workload) =>
    containersOf(workload).flatMap((one, container) =>
      ((one.env ?? []) as { value?: unknown }[]).flatMap(({ value }, variable) => {
        const match = /^(?:[a-z]+:\/\/)?([a-z][a-z0-9-]*):(\d+)(?:\/.*)?$/.exec(String(value ?? ''));
        const service = match && services.get(match[1]!);
        const port = Number(match?.[2]);
        if (!service || !(service.spec.ports as { port: number }[]).some((each) => each.port === port)) return [];
        return [{ workload, container, variable, value: String(value), service, port }];
      }),
    ),
  );
}

export const containersOf = (workload: KubeObject): KubeObject['spec'][] =>
  workload.spec.template.spec.containers as KubeObject['spec'][];
