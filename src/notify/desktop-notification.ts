import { spawn } from 'node:child_process';
import { oneLine } from '../text/plain-text.ts';

/** A program of the desktop that shows a notification; null where this machine has none. */
export interface Notifier {
  program: string;
  argv: string[];
  env: Record<string, string>;
}

/** Toast that stays until it is answered; its words come through the environment, never as script text. */
const WINDOWS_SCRIPT = [
  '[Windows.UI.Notifications.ToastNotificationManager,Windows.UI.Notifications,ContentType=WindowsRuntime]|Out-Null',
  '[Windows.Data.Xml.Dom.XmlDocument,Windows.Data.Xml.Dom,ContentType=WindowsRuntime]|Out-Null',
  '$x=New-Object Windows.Data.Xml.Dom.XmlDocument',
  '$x.LoadXml(\'<toast scenario="reminder"><visual><binding template="ToastGeneric"><text/><text/></binding></visual><actions><action content="OK" arguments="dismiss" activationType="system"/></actions></toast>\')',
  "$t=$x.GetElementsByTagName('text')",
  '$t.Item(0).InnerText=$env:STRATUS_TITLE',
  '$t.Item(1).InnerText=$env:STRATUS_TEXT',
  "$id='{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\\WindowsPowerShell\\v1.0\\powershell.exe'",
  '[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier($id).Show([Windows.UI.Notifications.ToastNotification]::new($x))',
].join(';');

/** How a platform's own notifier is asked for one that stays; words are arguments, never commands. */
export function notifierFor(platform: NodeJS.Platform, title: string, text: string): Notifier | null {
  const [head, body] = [oneLine(title, 100), oneLine(text, 300)];
  switch (platform) {
    case 'linux':
      // Critical ones are not taken away by themselves; `--` ends options.
      return { program: 'notify-send', argv: ['--urgency=critical', '--app-name=Stratus', '--', head, body], env: {} };
    case 'darwin':
      return {
        program: '/usr/bin/osascript',
        argv: [
          '-e',
          'on run argv',
          '-e',
          'display notification (item 2 of argv) with title (item 1 of argv)',
          '-e',
          'end run',
          head,
          body,
        ],
        env: {},
      };
    case 'win32':
      return {
        program: 'powershell.exe',
        argv: ['-NoProfile', '-NonInteractive', '-Command', WINDOWS_SCRIPT],
        env: { STRATUS_TITLE: head, STRATUS_TEXT: body },
      };
    default:
      return null;
  }
}

const LIMIT_MS = 15_000;

/** Shows one on the desktop of this machine. @returns whether the platform's notifier took it */
export function notifyDesktop(title: string, text: string, platform = process.platform): Promise<boolean> {
  const notifier = notifierFor(platform, title, text);
  if (!notifier) return Promise.resolve(false);
  return new Promise((resolve) => {
    const child = spawn(notifier.program, notifier.argv, {
      env: { ...process.env, ...notifier.env },
      stdio: 'ignore',
      windowsHide: true,
      timeout: LIMIT_MS,
    });
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
    child.unref();
  });
}
