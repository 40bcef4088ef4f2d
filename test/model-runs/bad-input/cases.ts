import type { Script, ScriptedAnswer } from '../../support/scripted-model.ts';
import { calls, carefulModel } from '../careful-model.ts';
import type { Deviation, Deviations } from '../careful-model.ts';
import type { RequestView } from '../request-view.ts';
import { ILL, WELL } from './scene.ts';

/** Something that a model or its server does wrong. */
export interface BadInput {
  name: string;
  script: () => Script;
  /** What the terminal says about it. */
  says: RegExp;
  /** At most so many requests are made. */
  requests: number;
  /** Default: `model`, with the playbooks behind it. */
  brain?: 'model' | 'both';
  use?: object;
  budget?: object;
  /** What must stand in no output and no log. */
  hidden?: string;
  /** The model's answer is taken all the same: nobody has to go on in its place. */
  taken?: true;
}

const ROLES = ['detection', 'diagnosis', 'second', 'mitigation', 'reflection'] as const;
const always =
  (answer: ScriptedAnswer): (() => Script) =>
  () =>
    carefulModel(Object.fromEntries(ROLES.map((role) => [role, () => answer])));
const only = (deviations: Deviations) => () => carefulModel(deviations);
const refusal = (status: number, message: string, more: object = {}): ScriptedAnswer => ({
  error: { status, message, ...more },
});

/** The plan's commands, as a model that may write some submits them; the same again when it is sent back. */
const submits =
  (...commands: string[]): Deviation =>
  () =>
    calls('submit_plan', { commands, why: 'it will help' });

const SECRET = 'AKIAQ3EXAMPLEZ7LWX5K';
const PASSWORD = 'Tr0ub4dor-and-3-horses';

/** A call as models without tools write it, behind a word of their own. */
const inMarkdown = (view: RequestView, before: string): ScriptedAnswer => {
  const [cause] = view.causes;
  const args = {
    hypotheses: [
      {
        kind: 'Deployment',
        name: ILL,
        statement: 'L’image n’existe pas',
        ...(cause ? { listed: cause.id } : {}),
        evidence: view.text.match(/\bE\d+\b/g)?.slice(0, 1) ?? [],
        confidence: 0.8,
      },
    ],
  };
  return { text: `${before}\n\n\`\`\`json\n${JSON.stringify(args, null, 2)}\n\`\`\`\nVoilà.` };
};

const FREE = { freeCommands: true };
/** Whatever it says of the cause is taken: only what it does is judged. */
const SURE = { ...FREE, confidenceThreshold: 0 };

/** A manifest of its own. */
const applies =
  (manifest: object): Deviation =>
  () => {
    const content = JSON.stringify({ apiVersion: 'v1', ...manifest });
    return calls('submit_plan', {
      commands: ['kubectl apply -f x.yaml'],
      files: [{ name: 'x.yaml', content }],
      why: 'it will help',
    });
  };
const GIVES_UP: Deviation = () => calls('submit_plan', { give_up: 'nothing can be done about it' });

export const BAD_INPUTS: readonly BadInput[] = [
  {
    name: 'invalid JSON',
    script: only({ diagnosis: () => calls('submit_diagnosis', '{"hypotheses": [{"kind": ') }),
    says: /the arguments are no JSON/,
    requests: 6,
  },
  {
    name: 'an unknown tool, without end',
    script: only({ diagnosis: () => calls('run_shell', { command: 'cat /etc/shadow' }) }),
    says: /submit_diagnosis was not called|no usable answer/,
    requests: 20,
  },
  {
    name: 'another schema',
    script: only({ diagnosis: () => calls('submit_diagnosis', { root_cause: 'the image', score: 'high' }) }),
    says: /no usable answer \(submit_diagnosis\): hypotheses/,
    requests: 6,
  },
  { name: 'an empty answer', script: always({}), says: /the answer was empty/, requests: 12 },
  {
    name: 'a refusal in words',
    script: always({ text: 'I’m sorry, but I cannot help with that request.' }),
    says: /was not called/,
    requests: 20,
  },
  {
    name: 'a refusal by the provider',
    script: always({ text: '', finish: 'content_filter' }),
    says: /held back by the provider/,
    requests: 12,
  },
  {
    name: 'tools without end',
    script: only({ diagnosis: (_, nth) => calls('get_events', { name: `pod-${nth}` }) }),
    says: /submit_diagnosis was not called/,
    requests: 20,
  },
  {
    name: 'the same call of a tool without end',
    script: only({ diagnosis: () => calls('get_events', {}) }),
    says: /submit_diagnosis was not called/,
    requests: 20,
  },
  {
    name: 'many calls in one answer',
    script: only({
      diagnosis: () => ({
        calls: Array.from({ length: 60 }, (_, n) => ({ tool: 'get_events', args: { name: `p${n}` } })),
      }),
    }),
    says: /submit_diagnosis was not called/,
    requests: 20,
  },
  {
    name: 'a stream that stalls',
    script: only({
      detection: () => ({ text: 'Let me think about this for a while', then: { after: 2, does: 'stall' } }),
    }),
    budget: { thinkMs: 3_000 },
    says: /did not answer within 3 s/,
    requests: 1,
  },
  {
    name: 'half a stream, then a reset',
    script: only({ detection: () => ({ text: 'Let me think about this', then: { after: 2, does: 'reset' } }) }),
    says: /broke off|ended in the middle|reset|connection|cut off/i,
    requests: 3,
  },
  { name: '401', script: always(refusal(401, 'Incorrect API key provided')), says: /401|key/, requests: 1 },
  { name: '403', script: always(refusal(403, 'no access to this model')), says: /403|access|allowed/, requests: 1 },
  {
    name: '404',
    script: always(refusal(404, 'The model does not exist')),
    says: /404|there is no|not found|does not exist/,
    requests: 2,
  },
  {
    name: '429',
    script: always({ ...refusal(429, 'Rate limit reached'), headers: { 'retry-after': '0' } }),
    says: /429|rate|too many/i,
    requests: 3,
  },
  {
    name: '500',
    script: always({ ...refusal(500, 'The server had an error'), headers: { 'retry-after': '0' } }),
    says: /500|server/,
    requests: 3,
  },
  {
    name: '503',
    script: always({ ...refusal(503, 'overloaded'), headers: { 'retry-after': '0' } }),
    says: /503|overloaded|busy/,
    requests: 3,
  },
  {
    name: 'a context that overflows',
    script: always(
      refusal(
        400,
        "This model's maximum context length is 2048 tokens. However, your messages resulted in 5120 tokens.",
        {
          code: 'context_length_exceeded',
          type: 'invalid_request_error',
        },
      ),
    ),
    says: /too long|context/,
    requests: 2,
  },
  {
    name: 'another content type',
    script: always({ raw: { type: 'text/html', pieces: ['<html><body>Sign in to continue</body></html>'] } }),
    says: /text\/html/,
    requests: 1,
  },
  {
    name: 'bytes that are no event',
    script: always({
      raw: { pieces: ['data: {"choices": [{"delta": \n\n', 'data: \u0000\u0001\n\n', 'data: [DONE]\n\n'] },
    }),
    says: /is not the one of Chat Completions/,
    requests: 12,
  },
  {
    name: 'another language, JSON in Markdown',
    script: only({
      diagnosis: (view) => (view.forced ? inMarkdown(view, 'Voici mon diagnostic :') : { text: 'Je réfléchis…' }),
      mitigation: GIVES_UP,
    }),
    use: FREE,
    says: /nothing can be done about it/,
    requests: 8,
    taken: true,
  },
  {
    name: 'an answer that does not end',
    script: always({ text: 'and so on '.repeat(12_000) }),
    says: /cut off before submit_detection was called/,
    requests: 4,
  },
  ...(
    [
      ['a denied command', `kubectl delete namespace default`, /is refused: /],
      ['an interactive command', `kubectl exec -it deploy/${WELL} -- sh`, /is refused: /],
      ['an editor', `kubectl edit deployment ${WELL}`, /is refused: /],
      [
        'several lines',
        `kubectl scale deployment ${WELL} --replicas=1\nkubectl delete service ${WELL}`,
        /is refused: /,
      ],
      ['chained commands', `kubectl get pods && kubectl delete service ${WELL}`, /is refused: /],
      ['a pipe', `kubectl get deploy -o name | xargs kubectl delete`, /is refused: /],
      ['a command substitution', `kubectl scale deployment ${WELL} --replicas=$(cat /etc/hostname)`, /is refused: /],
      ['another program', `rm -rf /`, /is refused: /],
      [
        'another cluster',
        `kubectl --server=https://evil.example scale deployment ${WELL} --replicas=0`,
        /is refused: /,
      ],
      ['another namespace', `kubectl scale deployment coredns -n kube-system --replicas=0`, /is refused: /],
      ['a file of this machine', `kubectl apply -f /etc/kubernetes/admin.yaml`, /is refused: /],
      ['a command that only reads', `kubectl get secrets -A -o yaml`, /is refused: /],
      [
        'a service that does not exist',
        `kubectl set selector service phantom app=${WELL}`,
        /there is no Service phantom/,
      ],
    ] as const
  ).map(([name, command, says]): BadInput => ({
    name,
    script: only({ mitigation: submits(command) }),
    use: FREE,
    says,
    requests: 9,
  })),
  {
    name: 'a plan longer than K',
    script: only({
      mitigation: submits(
        ...[1, 2, 3].map((n) => `kubectl annotate deployment ${WELL} example.test/n=${n} --overwrite`),
      ),
    }),
    use: { ...FREE, maxCommands: 2 },
    says: /3 commands, at most 2/,
    requests: 9,
  },
  {
    name: 'a manifest of another namespace',
    script: only({ mitigation: applies({ kind: 'ConfigMap', metadata: { name: 'x', namespace: 'default' } }) }),
    use: SURE,
    says: /ConfigMap\/default\/x: writes are limited to namespace/,
    requests: 12,
  },
  {
    name: 'what the whole cluster shares',
    script: only({ mitigation: submits('kubectl label namespace default example.test/ridden=yes') }),
    use: SURE,
    says: /Namespace\/default, which belongs to the whole cluster/,
    requests: 9,
  },
  {
    name: 'a guard beside a fix',
    script: only({
      mitigation: applies({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'x' },
        spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
      }),
    }),
    use: SURE,
    says: /a command of the model writes NetworkPolicy/,
    requests: 9,
  },
  {
    name: 'a bystander',
    script: only({ mitigation: submits(`kubectl scale deployment ${WELL} --replicas=2`) }),
    use: SURE,
    says: new RegExp(`Deployment/\\S+/${WELL}, which has nothing to do`),
    requests: 9,
  },
  {
    name: 'the same plan ten times',
    // The server refuses it in each rehearsal: the container does not exist.
    script: only({ mitigation: submits(`kubectl set image deployment/${ILL} nobody=testbed.local/busybox:1`) }),
    use: { ...FREE, confidenceThreshold: 0 },
    says: /was tried in this run/,
    requests: 12,
  },
  {
    name: 'evidence that does not exist',
    script: only({
      diagnosis: () =>
        calls('submit_diagnosis', {
          hypotheses: [
            { kind: 'Deployment', name: ILL, statement: 'a guess', evidence: ['E998', 'E999'], confidence: 1 },
          ],
        }),
      mitigation: GIVES_UP,
    }),
    use: FREE,
    says: /thrown away: it cites no evidence that was shown/,
    requests: 8,
    taken: true,
  },
  {
    name: 'an object that does not exist',
    script: only({
      diagnosis: (view) =>
        calls('submit_diagnosis', {
          hypotheses: [
            {
              kind: 'Service',
              name: 'phantom',
              statement: 'a guess',
              evidence: view.text.match(/\bE\d+\b/g)?.slice(0, 2) ?? [],
              confidence: 1,
            },
          ],
        }),
      mitigation: GIVES_UP,
    }),
    use: FREE,
    says: /phantom was thrown away: no such object/,
    requests: 8,
    taken: true,
  },
  {
    name: 'a secret echoed back',
    script: only({
      diagnosis: (view) =>
        calls(
          'submit_diagnosis',
          {
            hypotheses: [
              {
                kind: 'Deployment',
                name: ILL,
                statement: `it needs AWS_ACCESS_KEY_ID=${SECRET} and password=${PASSWORD}`,
                evidence: view.text.match(/\bE\d+\b/g)?.slice(0, 2) ?? [],
                confidence: 0.9,
              },
            ],
          },
          `The credentials are ${SECRET}, password=${PASSWORD}.`,
        ),
      mitigation: () =>
        calls('submit_plan', { give_up: `without password=${PASSWORD} and ${SECRET} nothing can be done` }),
    }),
    use: { ...FREE, keepBodies: true },
    says: /nothing can be done/,
    requests: 8,
    hidden: PASSWORD,
    taken: true,
  },
];
