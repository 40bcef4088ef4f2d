const BLANK = '[redacted]';

/** How a program takes a password by a flag of one letter. `attached`: `-pX` only, because `-p X` asks at the terminal. */
interface PasswordFlag {
  programs: RegExp;
  flag: string;
  form: 'attached' | 'either';
  /** The value is `user:password`. */
  user?: true;
}

const FLAGS: readonly PasswordFlag[] = [
  { programs: /^(mysql|mariadb)(-?(dump|admin|import|show|check|slap|pump|sh|upgrade|secure-installation))?$/, flag: '-p', form: 'attached' },
  { programs: /^(sshpass|mongo|mongosh|mongodump|mongorestore|mongoexport|mongoimport|rabbitmqadmin|clickhouse)$/, flag: '-p', form: 'either' },
  { programs: /^(docker|podman|nerdctl|buildah|skopeo|crane|helm|oc)$/, flag: '-p', form: 'either' },
  { programs: /^(redis-cli|valkey-cli|keydb-cli)$/, flag: '-a', form: 'either' },
  { programs: /^ldap(search|add|modify|delete|passwd|whoami)$/, flag: '-w', form: 'either' },
  { programs: /^(sqlcmd|bcp)$/, flag: '-P', form: 'either' },
  { programs: /^curl$/, flag: '-u', form: 'either', user: true },
  { programs: /^curl$/, flag: '--user', form: 'either', user: true },
]; // prettier-ignore

/** These programs use the flag for something else unless one of their words is this one. */
const ONLY_WITH: Readonly<Record<string, string>> = {
  docker: 'login', podman: 'login', nerdctl: 'login', buildah: 'login', skopeo: 'login', crane: 'login', helm: 'login', oc: 'login',
}; // prettier-ignore

/** One word of a shell text with its quotes, or what stands between two words. */
const PIECE = /(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\[^]|[^\s'"\\;|&])+|[\s;|&]+/g;
const ENDS_COMMAND = /[\n;|&]/;

/**
 * The words of a program call without passwords that a flag of one letter carries (`mysql -pX`, `redis-cli -a X`,
 * `curl -u me:X`): nothing about these words themselves tells that they are passwords.
 */
export function withoutPasswords(words: readonly string[]): string[] {
  const result = [...words];
  let flags: PasswordFlag[] = [];
  const last = new Map(Object.values(ONLY_WITH).map((needed) => [needed, words.lastIndexOf(needed)]));
  words.forEach((word, at) => {
    const called = flagsOf(word, (needed) => (last.get(needed) ?? -1) > at);
    if (called.length > 0) return void (flags = called);
    for (const { flag, form, user } of flags) {
      if (word === flag && form === 'either' && at + 1 < words.length) result[at + 1] = blank(words[at + 1]!, user);
      else if (word.startsWith(flag) && word.length > flag.length && !word.startsWith('--'))
        result[at] = flag + blank(word.slice(flag.length), user);
      else if (flag.startsWith('--') && word.startsWith(`${flag}=`))
        result[at] = `${flag}=${blank(word.slice(flag.length + 1), user)}`;
    }
  });
  return result;
}

/** A shell text without them. */
export function withoutPasswordsInText(text: string): string {
  if (!MENTIONED.test(text)) return text;
  const pieces = text.match(PIECE) ?? [];
  // What could not be cut into pieces, such as an open quote, stays as it is.
  if (pieces.join('') !== text) return text;
  let from = 0;
  for (let at = 0; at <= pieces.length; at++) {
    if (at < pieces.length && !(/^[\s;|&]/.test(pieces[at]!) && ENDS_COMMAND.test(pieces[at]!))) continue;
    const places = pieces.slice(from, at).flatMap((piece, n) => (/^[\s;|&]/.test(piece) ? [] : [from + n]));
    const words = places.map((place) => pieces[place]!);
    withoutPasswords(words).forEach((word, n) => void (pieces[places[n]!] = word));
    from = at + 1;
  }
  return pieces.join('');
}

/** Cheap, and true for every text that calls one of the programs. */
const MENTIONED = /mysql|mariadb|sshpass|mongo|rabbitmqadmin|clickhouse|login|-cli\b|\bldap|sqlcmd|\bbcp\b|\bcurl\b/;

/** @param follows whether a word stands after it */
function flagsOf(word: string, follows: (needed: string) => boolean): PasswordFlag[] {
  const name = word.slice(word.lastIndexOf('/') + 1).replace(/^["'([{]+|["']+$/g, '');
  const needed = ONLY_WITH[name];
  if (needed !== undefined && !follows(needed)) return [];
  return FLAGS.filter(({ programs }) => programs.test(name));
}

function blank(value: string, user?: true): string {
  const colon = user ? value.indexOf(':') : -1;
  if (user && colon < 0) return value;
  return user ? `${value.slice(0, colon + 1)}${BLANK}` : BLANK;
}
