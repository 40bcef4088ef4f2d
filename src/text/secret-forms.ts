/** Gives what stands in place of a secret. */
export type Blank = (secret: string) => string;

/**
 * Tokens of well-known services, which their own form tells: published prefixes, as secret scanners use them. Each has a
 * bounded length or a class that a delimiter ends, so that looking for them takes time that grows with the text alone.
 */
const TOKENS: readonly string[] = [
  // GitHub, GitLab
  'gh[pousr]_[A-Za-z0-9]{30,255}', 'github_pat_[A-Za-z0-9_]{22,255}', 'gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat|ffct)-[\\w.-]{20,255}',
  // AWS, Google, Azure
  '(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}', 'AIza[\\w-]{35}', 'ya29\\.[\\w-]{20,2048}', 'GOCSPX-[\\w-]{20,64}', '[\\w~.]{3}8Q~[\\w~.-]{31,34}',
  // chat and mail
  'xox[abeoprs]-[\\w-]{10,255}', 'xapp-[\\w-]{10,255}', 'SG\\.[\\w-]{16,32}\\.[\\w-]{16,64}', 'key-[0-9a-f]{32}', '\\d{8,10}:AA[\\w-]{33}',
  'https://hooks\\.slack\\.com/(?:services|workflows)/[\\w/-]{20,200}', 'https://(?:canary\\.|ptb\\.)?discord(?:app)?\\.com/api/webhooks/\\d{17,20}/[\\w-]{50,100}',
  // payment
  '(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,255}', 'whsec_[A-Za-z0-9+/=]{24,255}', 'sq0(?:atp|csp)-[\\w-]{22,64}', 'shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}',
  // models
  'sk-(?:proj-|svcacct-|admin-|ant-(?:api|admin)\\d\\d-)?[A-Za-z0-9][\\w-]{18,255}', 'hf_[A-Za-z0-9]{30,64}', 'gsk_[A-Za-z0-9]{40,64}', 'r8_[A-Za-z0-9]{37}',
  // packages and registries
  'npm_[A-Za-z0-9]{36}', 'pypi-[\\w-]{40,512}', 'dckr_(?:pat|oat)_[\\w-]{20,64}', 'rubygems_[0-9a-f]{48}', 'AKCp[A-Za-z0-9]{60,80}',
  // infrastructure
  'hv[sbr]\\.[\\w-]{24,512}', 'do[opr]_v1_[0-9a-f]{64}', 'dapi[0-9a-f]{32}(?:-\\d)?', 'gl(?:c|sa)_[\\w+/=]{20,512}', 'NRAK-[A-Z0-9]{27}', 'dp\\.(?:pt|st|ct|sa|scim|audit)\\.[\\w.-]{40,64}',
  'lin_api_[A-Za-z0-9]{40}', 'ATATT3[\\w=-]{20,512}', 'sntry[su]_[\\w+/=-]{40,512}', '[A-Za-z0-9]{14}\\.atlasv1\\.[\\w=-]{60,90}', 'AGE-SECRET-KEY-1[0-9A-Z]{58}',
  'HRKU-[\\w-]{36,64}', 'tskey-[a-z]{3,10}-[\\w-]{10,64}', 'EAA[A-Za-z0-9]{80,255}', 'pul-[0-9a-f]{40}', 'figd_[\\w-]{40,64}', 'sbp_[0-9a-f]{40}', 'PMAK-[0-9a-f]{24}-[0-9a-f]{34}',
]; // prettier-ignore
const TOKEN = new RegExp(`(?<![A-Za-z0-9_])(?:${TOKENS.join('|')})(?![A-Za-z0-9])`, 'g');

const PEM = /-----BEGIN [A-Z0-9 ]{1,40}-----[\s\S]*?(?:-----END [A-Z0-9 ]{1,40}-----|$)/g;
const JWT = /(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*){0,3}/g;
const SCHEME = /\b(bearer|basic|digest|negotiate|aws4-hmac-sha256)\s{1,4}([\w.~+/=-]{8,})/gi;
/** Flags whose value is the next word. */
const FLAG =
  /(--(?:token|password|pass|docker-password|client-key-data|client-secret|secret-key|access-key|api-key|auth-token|requirepass|masterauth)[= ])(\S+)/gi;
/** The same with more before the word; a short word of the language may be a remark about the flag. */
const LONG_FLAG =
  /(--[\w-]{1,40}-(?:token|password|passwd|secret|secret-key|access-key|api-key)[ ])(?!-|[a-z]{1,8}(?![\w-]))(\S+)/gi;
const LITERAL = /(--from-literal[= ]["']?[^=\s]{1,253}=)(\S+)/gi;
/** Databases whose passwords stand in their addresses as they are, with slashes too. */
const DATABASE_URL =
  /((?:postgres(?:ql)?|mysql|mariadb|mongodb|rediss?|valkeys?|amqps?|clickhouse|cockroachdb|couchbases?|cassandra|mssql|sqlserver|oracle|neo4j|bolt|nats|kafka|ldaps?|influxdb|mqtts?)(?:\+[a-z]{1,12})?:\/\/)([^\s"'`<>]{1,512})@(?=[^\s@])/gi;
const URL_USER = /(\b[a-z][a-z0-9+.-]{0,15}:\/\/)([^\s/"'`<>]{1,512})@/gi;
/** `user:password@tcp(host:3306)/db` of Go's MySQL driver, `thin:user/password@host` of Oracle's. */
const GO_DSN = /(?<![\w/:.-])([\w.-]{1,64}:)([^\s@"'`]{1,256})@(?=(?:tcp|unix|udp)\()/g;
const ORACLE = /(jdbc:oracle:\w{1,8}:[^\s/@"']{1,64}\/)([^\s@"']{1,256})@/gi;
const SAS = /([?&;](?:sig|signature|x-amz-signature|x-amz-security-token|x-goog-signature|code)=)([\w%+/=.~-]{16,})/gi;
const AZURE_KEY = /((?:AccountKey|SharedAccessKey|SharedSecretValue)=)([A-Za-z0-9+/]{20,}={0,2})/gi;
/** `machine HOST login USER password WORD` of .netrc; also over lines. */
const NETRC = /(\blogin\s{1,8}\S{1,128}\s{1,8}(?:account\s{1,8}\S{1,128}\s{1,8})?password\s{1,8})(\S{1,256})/gi;
/** `host:port:database:user:password` of .pgpass. */
const PGPASS = /^((?!#)[^\s:]{1,253}:(?:\d{4,5}|\*):[^\s:]{1,128}:[^\s:]{1,128}:)([^\s:]\S{0,255})$/gm;
const NPM_AUTH = /(\/:_(?:auth|password|authToken)\s{0,4}=\s{0,4})(\S+)/g;
const DOCKER_AUTH = /(\\?"auth\\?"\s{0,4}:\s{0,4}\\?")([A-Za-z0-9+/]{8,}={0,2})(?=\\?")/g;
const REDIS_CONF = /^(\s{0,8}(?:requirepass|masterauth)\s{1,4})(\S+)/gm;
/** `>password` of an ACL user, as Redis takes it. */
const REDIS_ACL = /((?:ACL SETUSER|^user)\s{1,4}\S{1,64}\b[^\n]{0,200}?\s>)(\S+)/gim;
const REDIS_AUTH = /(\bAUTH\s{1,4}(?:\S{1,64}\s{1,4})?")([^"\s]{1,256})(?=")/g;
const SQL_PASSWORD =
  /(\b(?:IDENTIFIED (?:WITH \w{1,40} )?BY|(?:ENCRYPTED |WITH )PASSWORD)\s{1,4}')([^']{1,256})(?=')/gi;
const COOKIE = /(\b(?:set-)?cookie\s{0,4}:\s{0,4}[\w.-]{1,64}=)([^\s;"']{8,})/gi;
const BYTES = /(\[\](?:u?int8|byte)\{)((?:0x[0-9a-f]{1,2}(?:, ?)?){1,20000})(?=\})/gi;
const PUTTY = /(Private-(?:Lines|MAC): )([0-9a-f]{1,64}(?:\n[A-Za-z0-9+/=]{4,76}){0,100})/gi;

const WITH_PREFIX: readonly RegExp[] = [
  LITERAL, GO_DSN, ORACLE, SAS, AZURE_KEY, NETRC, PGPASS, NPM_AUTH, DOCKER_AUTH, REDIS_CONF, REDIS_ACL, REDIS_AUTH, SQL_PASSWORD,
  COOKIE, BYTES, PUTTY,
]; // prettier-ignore

const isBlank = (text: string): boolean => /^\[redacted(?: \w{1,9})?\]$/.test(text);

/** A text without secrets that their own form, or the form of what they stand in, tells. */
export function withoutSecretForms(text: string, blank: Blank): string {
  const after = (_: string, before: string, secret: string): string =>
    isBlank(secret) ? before + secret : before + blank(secret);
  const address = (whole: string, before: string, user: string): string =>
    isBlank(user) ? whole : `${before}${blank(user)}@`;
  let result = text.replace(PEM, '[redacted key]').replace(JWT, '[redacted token]');
  result = result.replace(SCHEME, (_, scheme: string, secret: string) => `${scheme} ${blank(secret)}`);
  result = result
    .replace(FLAG, after)
    .replace(LONG_FLAG, after)
    .replace(DATABASE_URL, address)
    .replace(URL_USER, address);
  for (const pattern of WITH_PREFIX) {
    result = result.replace(pattern, (whole, before: string, secret: string) =>
      pattern === GO_DSN || pattern === ORACLE ? `${after(whole, before, secret)}@` : after(whole, before, secret),
    );
  }
  return result.replace(TOKEN, blank);
}
