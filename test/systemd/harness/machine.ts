// A machine of the test's own: a systemd that is the first process of its namespaces, and a system bus. It has nothing
// of this machine's but programs and configuration, read-only; see set-up.sh.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { findHierarchies } from '../../../src/manager/cgroups/cgroupfs.ts';
import { until } from '../../fixtures/waiting.ts';

const repository = join(import.meta.dirname, '../../..');

/** Starting takes a second; nothing in it takes much longer. */
const callTimeoutMs = 60_000;

export interface Answer {
  /** Undefined when it was killed. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export class Machine {
  readonly #unshare: ChildProcess;
  /** The first process, as this machine sees it; 0 as long as there is none. */
  #pid = 0;
  readonly #cgroup: string;
  readonly #root: string;
  #complaints = '';

  /** Resolves when systemd has started its units and is on the bus. `folders` can be read in it. */
  static async boot(...folders: string[]): Promise<Machine> {
    const machine = new Machine(folders);
    try {
      await machine.#waitUntilBooted();
    } catch (error) {
      await machine.close();
      throw error;
    }
    return machine;
  }

  private constructor(folders: readonly string[]) {
    this.#root = mkdtempSync(join(tmpdir(), 'systemd-root-'));
    this.#cgroup = join(findCgroup2(), `conmon-ts-systemd-${this.#root.slice(-6)}`);
    mkdirSync(join(this.#cgroup, 'commands'), { recursive: true });
    const seen = [dirname(realpathSync(process.execPath)), ...folders].filter(existsSync);
    const setUp = [join(import.meta.dirname, 'set-up.sh'), repository, this.#root, ...seen];
    // With this process, whatever ends it, the machine ends too.
    const boundToUs = ['setpriv', '--pdeathsig', 'KILL', 'unshare', '--kill-child', '--fork', ...namespaces];
    const args = ['-euc', enterCgroup, this.#cgroup, ...boundToUs, 'sh', ...setUp];
    this.#unshare = spawn('sh', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#unshare.stderr!.setEncoding('utf8').on('data', (words: string) => {
      this.#complaints += words;
    });
  }

  /** Runs a program in the machine; a failure is an answer like any other. */
  async run(
    file: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const inCgroup = ['-euc', enterCgroup, join(this.#cgroup, 'commands')];
    const enter = ['nsenter', '--target', String(this.#pid), '--all', '--', file];
    const { exitCode, stdout, stderr } = await execa('sh', [...inCgroup, ...enter, ...args], {
      env: { PATH: '/usr/sbin:/usr/bin', LC_ALL: 'C.UTF-8', ...env },
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
      timeout: callTimeoutMs,
    });
    return { exitCode, stdout, stderr };
  }

  /** Runs a program that must succeed; returns its standard output without the final newline. */
  async ok(file: string, ...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(file, args);
    assert.equal(exitCode, 0, `${file} ${args.join(' ')} fails: ${stderr}`);
    return stdout;
  }

  /** Runs a program of ../programs with this Node; returns the JSON that it prints. */
  async runProgram<Result>(name: string, argument: object): Promise<Result> {
    const [node, ...args] = this.formatProgram(name, argument);
    return JSON.parse(await this.ok(node, ...args));
  }

  /** The command line for such a program. */
  formatProgram(name: string, argument: object): [string, ...string[]] {
    return [process.execPath, join(repository, 'test/systemd/programs', name), JSON.stringify(argument)];
  }

  /** What systemd knows of a unit. */
  async show(unit: string, ...properties: string[]): Promise<Record<string, string>> {
    const text = await this.ok('systemctl', 'show', `--property=${properties.join(',')}`, '--', unit);
    return Object.fromEntries(text.split('\n').map(line => line.split(/=(.*)/s).slice(0, 2)));
  }

  /** systemd joins its own bus when it has seen that dbus.service is there, and says so nowhere. */
  async untilOnBus(): Promise<void> {
    await until('systemd on the bus', async () => {
      const { exitCode } = await this.run('busctl', ['status', 'org.freedesktop.systemd1']);
      return exitCode === 0;
    });
  }

  /** Stops systemd's answering; the bus goes on. */
  freeze(): void {
    process.kill(this.#pid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.#pid, 'SIGCONT');
  }

  /** Ends everything in it, and removes what it had of this machine. */
  async close(): Promise<void> {
    const { exitCode, signalCode } = this.#unshare;
    if (exitCode === null && signalCode === null) {
      const ended = once(this.#unshare, 'exit');
      // The first process takes all others with it, and unshare ends when it has.
      if (this.#pid > 0) process.kill(this.#pid, 'SIGKILL');
      else this.#unshare.kill('SIGKILL');
      await ended;
    }
    const events = join(this.#cgroup, 'cgroup.events');
    await until(`nothing in ${this.#cgroup}`, () => readFileSync(events, 'utf8').includes('populated 0'));
    removeCgroup(this.#cgroup);
    rmdirSync(this.#root);
  }

  async #waitUntilBooted(): Promise<void> {
    const ended = once(this.#unshare, 'exit').then(([code]) => {
      throw new Error(`no machine for systemd could be set up: ${this.#complaints.trim() || code}`);
    });
    ended.catch(() => {});
    await Promise.race([once(this.#unshare.stdout!, 'data'), ended]);
    const children = readFileSync(`/proc/${this.#unshare.pid}/task/${this.#unshare.pid}/children`, 'utf8');
    this.#pid = Number(children.trim());
    await Promise.race([this.ok('cat', '/run/booted'), ended]);
    await this.untilOnBus();
  }
}

const namespaces = [
  '--mount',
  '--propagation',
  'private',
  '--pid',
  '--net',
  '--ipc',
  '--uts',
  '--cgroup',
] as const;

/** With a folder as $0: enters that cgroup, and becomes the program that the arguments name. */
const enterCgroup = 'echo $$ > "$0/cgroup.procs"; exec "$@"';

/** Where version 2 of cgroups is mounted here, alone or next to version 1. */
export function findCgroup2(): string {
  const mounts = findHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'));
  const mount = mounts.find(({ version }) => version === 2);
  if (!mount) throw new Error('no cgroup2 is mounted');
  return mount.path;
}

/** From the bottom up: only empty ones can be removed. */
function removeCgroup(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeCgroup(join(path, entry.name));
  rmdirSync(path);
}
