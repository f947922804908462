// A package of Debian, unpacked and not installed: with lists of our own, so that neither root nor a newer system is
// needed.

import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { works } from './commands.ts';

export interface DebianPackage {
  readonly name: string;
  /** The newest that there is, when not given. */
  readonly version?: string;
  /**
   * Whether lists and package must be signed by Debian: for what is run. What is not must be known by its hash.
   */
  readonly signed: boolean;
}

/** Debian's suites that may have it. */
const suites = ['forky', 'sid', 'trixie'];
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const fetchTimeoutMs = 120_000;

/** Unpacks it into the folder `into`, which is there. Throws where it is not to be had. */
export function downloadFromDebian({ name, version, signed }: DebianPackage, into: string): void {
  if (!works('apt-get', ['--version']) || !works('dpkg-deb', ['--version']))
    throw new Error('there is no apt-get here');
  if (signed && !existsSync(keyring)) throw new Error(`${keyring} is missing`);
  const mirror = findMirror();
  for (const folder of ['lists/partial', 'cache/archives/partial', 'etc'])
    mkdirSync(join(into, folder), { recursive: true });
  const trust = signed ? `signed-by=${keyring}` : 'trusted=yes';
  writeFileSync(
    join(into, 'etc/sources.list'),
    suites.map(suite => `deb [${trust}] ${mirror} ${suite} main\n`).join(''),
  );
  const options = [
    ['Dir::Etc::sourcelist', join(into, 'etc/sources.list')],
    ['Dir::Etc::sourceparts', '/dev/null'],
    ['Dir::State::lists', join(into, 'lists')],
    ['Dir::Cache', join(into, 'cache')],
    ['APT::Sandbox::User', ''],
    ['Acquire::Languages', 'none'],
  ].flatMap(([option, value]) => ['-o', `${option}=${value}`]);
  const apt = (...args: string[]) =>
    execFileSync('apt-get', [...options, '-qq', ...args], {
      cwd: into,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: fetchTimeoutMs,
    });
  apt('update');
  apt('download', version === undefined ? name : `${name}=${version}`);
  const [file, ...more] = globSync('*.deb', { cwd: into });
  if (file === undefined || more.length > 0) throw new Error('not one package came');
  execFileSync('dpkg-deb', ['-x', join(into, file), into]);
}

/** The one of this machine. */
function findMirror(): string {
  const files = ['/etc/apt/sources.list', ...globSync('/etc/apt/sources.list.d/*.{list,sources}')];
  const lines = files.filter(file => existsSync(file)).map(file => readFileSync(file, 'utf8'));
  const mirror = /^(?:deb\s.*?|URIs:\s*)(https?:\/\/\S+\/debian\/?)(?:\s|$)/m.exec(lines.join('\n'))?.[1];
  if (mirror === undefined) throw new Error('no mirror of Debian is in the sources of apt');
  return mirror;
}
