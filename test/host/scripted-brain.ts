import { createHash } from 'node:crypto';
import type { Brain, BrainContext } from '../../src/domain/brain.ts';
import type { ObjectRef } from '../../src/domain/kube-object.ts';

export interface ScriptedBrain {
  /** US dollars of each call; null: its price is not known. Default: 0.0042. */
  usd?: number | null;
  /** Nobody counted the tokens. */
  estimated?: true;
  /** Why its plan wants a person. */
  needsPerson?: string;
  /** It does not come to a diagnosis, for this reason. */
  fails?: string;
  /** Keeps what was sent and answered. */
  keepsBodies?: true;
}

const MODEL = 'qwen2.5-1.5b-instruct';
const ref = (kind: string, name: string): ObjectRef => ({
  apiVersion: 'v1',
  kind,
  namespace: 'hotel-reservation',
  name,
});
const digestOf = (text: string) => createHash('sha256').update(text).digest('hex');

/** A brain that lets everything be seen which one with a model does: it streams, calls tools, and counts what that takes. */
export function scriptedBrain(playbook: Brain, options: ScriptedBrain = {}): Brain {
  const asks = ({ emit }: BrainContext, purpose: string, tokensIn: number, tokensOut: number) => {
    const { usd = 0.0042, estimated, keepsBodies } = options;
    const [sent, answered] = [`Which of these is the cause? (${purpose})`, 'The Service, by E1 and E3.'];
    emit({
      type: 'usage',
      model: MODEL,
      scripted: true,
      tokensIn,
      tokensOut,
      usd,
      ...(estimated ? { estimated } : {}),
      call: {
        purpose,
        milliseconds: 1_840,
        request: digestOf(sent),
        answer: digestOf(answered),
        ...(keepsBodies ? { requestText: sent, answerText: answered } : {}),
      },
    });
  };
  const thinks = ({ emit }: BrainContext, ...parts: string[]) => {
    let text = '';
    for (const part of parts) emit({ type: 'thought', text: (text += part), partial: true });
    emit({ type: 'thought', text });
  };
  return {
    name: 'model',
    diagnose: async (context) => {
      thinks(
        context,
        'The frontend answers 503. ',
        'Its calls to geo are refused, ',
        'so I look at the Service of geo first.',
      );
      context.emit({
        type: 'toolCall',
        tool: 'describe',
        args: '{"kind":"Service","name":"geo"}',
        digest: 'Service geo: port 8083 to targetPort 9999, selector app=geo, 1 endpoint that is not ready',
        evidence: [
          { object: ref('Service', 'geo'), source: 'spec', field: 'spec.ports[http].targetPort', text: '9999' },
        ],
      });
      asks(context, 'choosing what to look at', 3_912, 148);
      if (options.fails) throw new Error(options.fails);
      context.emit({
        type: 'toolCall',
        tool: 'get_logs',
        args: '{"pod":"search-5d8f7b6c9-qz4lm","grep":"geo"}',
        digest: '14 lines of one template: dial tcp <ip>:8083: connect: connection refused',
        evidence: [
          { object: ref('Pod', 'search-5d8f7b6c9-qz4lm'), source: 'log', text: 'connect: connection refused' },
        ],
      });
      asks(context, 'ranking causes', 4_410, 96);
      thinks(context, 'Nobody listens on 9999, ', 'the container of geo listens on 8083.');
      const { findings } = await playbook.diagnose(context);
      const [first, ...others] = findings;
      if (!first) return { findings, hypotheses: [] };
      const hypothesis = {
        cause: first.id,
        explains: others.map(({ id }) => id),
        confidence: 0.83,
        own: 0.95,
        evidence: [`${first.id}#0`, `${first.id}#2`],
        by: MODEL,
      };
      return { findings, hypotheses: [hypothesis] };
    },
    plan: async (context, diagnosis, attempts) => {
      thinks(context, 'The smallest change points the Service ', 'at the port on which its container listens.');
      asks(context, 'choosing an action', 2_204, 61);
      const proposal = await playbook.plan(context, diagnosis, attempts);
      if (proposal.type !== 'plan' || !options.needsPerson) return proposal;
      return { ...proposal, plan: { ...proposal.plan, needsPerson: options.needsPerson } };
    },
    reflect: (context, attempt) => playbook.reflect(context, attempt),
  };
}
