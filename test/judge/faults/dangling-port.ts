import { stopsServingWhenRollingOut } from '../app-model.ts';
import type { App, Member } from '../app-model.ts';
import { objectPath } from '../api.ts';
import type { Random } from '../random.ts';
import type { FaultClass, FaultPlan } from './fault.ts';
import { nothing, pickMember, serviceKey, workloadKey, workloadPath } from './fault.ts';

/** A Service's port leads to no port of its pods. */
export const danglingPort: FaultClass = {
  name: 'dangling-port',
  variants: ['number', 'name', 'container-port-renamed'],
  plan(app, variant, random) {
    if (variant === 'container-port-renamed') return renamePort(app, random);
    const member = pickMember(app, random, 'with a Service', () => true);
    const wrong = variant === 'name' ? wrongName(member, random) : wrongNumber(member, random);
    return retarget(app, member, wrong);
  },
};

function retarget(app: App, member: Member, wrong: string | number): FaultPlan {
  return {
    description: `Service ${member.service.name} port ${member.service.port}: targetPort ${member.service.targetPort} -> ${wrong}`,
    target: member.workload,
    mayChange: [serviceKey(app, member), workloadKey(app, member)],
    async inject(api) {
      const path = objectPath('Service', app.namespace, member.service.name);
      const service = await api.get(path);
      const ports = (service.spec.ports as { port: number }[]).map((port) =>
        port.port === member.service.port ? { ...port, targetPort: wrong } : port,
      );
      await api.merge(path, { spec: { ports } });
    },
    untilVisible: nothing,
    provoke: nothing,
    cleanUp: nothing,
  };
}

/** The Service is right, but a new revision of the workload calls its port something else. */
function renamePort(app: App, random: Random): FaultPlan {
  const member = pickMember(
    app,
    random,
    'whose Service names the container port',
    (candidate) => candidate.service.targetPort === candidate.portName && stopsServingWhenRollingOut(candidate),
  );
  const renamed = wrongName(member, random);
  return {
    description: `${member.kind} ${member.workload}: container port ${member.portName} renamed to ${renamed}`,
    target: member.workload,
    mayChange: [serviceKey(app, member), workloadKey(app, member)],
    async inject(api) {
      const path = workloadPath(app, member);
      const [container] = (await api.get(path)).spec.template.spec.containers;
      container.ports[0].name = renamed;
      // The probes go by number from now on, so that the pods become ready although nobody reaches them.
      const check = container.readinessProbe.httpGet ?? container.readinessProbe.tcpSocket;
      check.port = member.port;
      await api.merge(path, { spec: { template: { spec: { containers: [container] } } } });
    },
    untilVisible: nothing,
    provoke: nothing,
    cleanUp: nothing,
  };
}

function wrongNumber(member: Member, random: Random): number {
  return random.pick([member.port + 1, member.port - 1, random.int(20000, 29999), 8443]);
}

function wrongName(member: Member, random: Random): string {
  const names = ['http2', 'public', 'grpc', 'backend', 'http-alt'];
  return random.pick(names.filter((name) => name !== member.portName));
}
