import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The editor writes its logs, and shows those of extensions, through a native module that is compiled when it is installed
 * with scripts. Ours is not: without this stand-in every log in it stays empty.
 */
const STAND_IN = `// A stand-in for the native module, for tests: the same interface, lines are appended at once.
const { appendFileSync, mkdirSync } = require('node:fs');
const { dirname } = require('node:path');
const LEVELS = ['trace', 'debug', 'info', 'warning', 'error', 'critical'];
const two = (value, width = 2) => String(value).padStart(width, '0');
class Logger {
  constructor(_type, _name, path) { this.path = path; this.level = 2; this.raw = false; }
  write(level, text) {
    if (level < this.level) return;
    const now = new Date();
    const day = now.getFullYear() + '-' + two(now.getMonth() + 1) + '-' + two(now.getDate());
    const time = two(now.getHours()) + ':' + two(now.getMinutes()) + ':' + two(now.getSeconds()) + '.' + two(now.getMilliseconds(), 3);
    try { appendFileSync(this.path, this.raw ? text : day + ' ' + time + ' [' + LEVELS[level] + '] ' + text + '\\n'); } catch { /* nobody to tell */ }
  }
  trace(text) { this.write(0, text); }
  debug(text) { this.write(1, text); }
  info(text) { this.write(2, text); }
  warn(text) { this.write(3, text); }
  error(text) { this.write(4, text); }
  critical(text) { this.write(5, text); }
  getLevel() { return this.level; }
  setLevel(level) { this.level = level; }
  setPattern() { this.raw = false; }
  clearFormatters() { this.raw = true; }
  flush() {}
  drop() {}
}
async function create(_name, path) { mkdirSync(dirname(path), { recursive: true }); return new Logger('', '', path); }
// One by one: the editor imports it as a module, and these names are found by reading the text.
exports.version = 0;
exports.setLevel = () => {};
exports.setFlushOn = () => {};
exports.Logger = Logger;
exports.createRotatingLogger = create;
exports.createAsyncRotatingLogger = create;
`;

/** Makes the logs of an installed code-server work. @param root its folder of modules */
export async function provideEditorLog(root: string): Promise<void> {
  const folder = join(root, 'code-server/lib/vscode/node_modules/@vscode/spdlog');
  const path = join(folder, 'index.js');
  if (!existsSync(path) || existsSync(join(folder, 'build/Release/spdlog.node'))) return;
  if ((await readFile(path, 'utf8')) === STAND_IN) return;
  // At once or not at all: another editor may be starting.
  const draft = `${path}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, STAND_IN);
  await rename(draft, path);
}
