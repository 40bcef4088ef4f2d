import { listOf } from './untyped-list.ts';
import type { KubeObject } from '../domain/kube-object.ts';
import type { Untyped } from './pod-template.ts';

/** A place of an Ingress that leads to a Service. */
export interface IngressBackend {
  /** Name of the Service. */
  name: string;
  /** `{name}` or `{number}` as asked for; absent where none is. */
  port: Untyped;
  /** RFC 6901 pointer of `service`, and the same for people. */
  pointer: string;
  field: string;
}

/** The default backend, then every path of every rule. Backends that are a `resource` are left out. */
export function ingressBackends(ingress: KubeObject): IngressBackend[] {
  const list: IngressBackend[] = [];
  const add = (backend: Untyped, pointer: string, field: string): void => {
    const name: unknown = backend?.service?.name;
    if (typeof name === 'string')
      list.push({ name, port: backend.service.port, pointer: `${pointer}/service`, field: `${field}.service` });
  };
  add(ingress.spec?.defaultBackend, '/spec/defaultBackend', 'spec.defaultBackend');
  listOf(ingress.spec?.rules).forEach((rule, index) => {
    listOf(rule?.http?.paths).forEach((path, at) => {
      const pointer = `/spec/rules/${index}/http/paths/${at}/backend`;
      add(path?.backend, pointer, `spec.rules[${index}].http.paths[${at}].backend`);
    });
  });
  return list;
}
