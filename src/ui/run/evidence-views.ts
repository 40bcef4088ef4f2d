import { refLabel } from '../../domain/kube-object.ts';
import { saidWords } from '../../domain/signal-words.ts';
import type { LogsSeen, ShownIncident } from '../../domain/signals-now.ts';
import { counted } from '../../text/plain-text.ts';
import { presentable } from '../../text/redact.ts';
import type { LogsView, TogetherView } from '../../../webview/protocol/telemetry-view.ts';
import { sourceHost } from './source-link.ts';

/** Things that belong together, for the page. */
export function togetherView({ since, root, members, count, isStorm }: ShownIncident): TogetherView {
  return {
    what: isStorm ? `A storm of ${counted(count, 'thing')}` : `${counted(count, 'thing')} belong together`,
    since,
    root: root ? refLabel(root.object) : '',
    reason: presentable(root?.reason ?? '', 300),
    members: members.map(({ source, message, since: began, why }) => ({
      source,
      message: presentable(message, 300),
      since: began,
      why: presentable(why, 200),
    })),
    more: count - members.length,
  };
}

/** What programs write, for the page. */
export function logsView(logs: LogsSeen): LogsView {
  const { source, from, to, templates, more, link, unknown } = logs;
  return {
    source: presentable(source, 200),
    host: sourceHost(link),
    from,
    to,
    rows: templates.map((seen) => ({
      mark: seen.isNew ? 'new' : seen.isTrouble ? 'trouble' : 'said',
      object: seen.object ? refLabel(seen.object) : '',
      text: presentable(seen.text, 300),
      said: saidWords(seen, logs),
      first: seen.first,
      last: seen.last,
    })),
    more,
    unknown: presentable(unknown ?? '', 300),
  };
}
