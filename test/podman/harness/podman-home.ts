// A Podman with nothing of the machine's in it: own storage, own configuration, own image, one conmon in reach.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { until } from '../../fixtures/waiting.ts';
import type { Conmon } from './conmons.ts';
import { makeRootfs, podmanPath, runcPath } from './machine.ts';
import { listProcesses, type ProcessFacts, readProcess } from './processes.ts';

/** Podman itself gives a conmon 240 s to answer; nothing here should take nearly as long. */
const callTimeoutMs = 60_000;
const outputBytesMax = 100_000_000;

export interface HomeOptions {
  /** Entries for conmon_env_vars, next to PATH. */
  readonly conmonEnv?: readonly string[];
  /** What Podman starts as `runc`, given the path of the real one. */
  readonly wrapRuntime?: (runc: string, home: string) => string;
  /** The command line before podman's own, which starts it in other namespaces. */
  readonly enter?: () => readonly string[];
}

export interface CallOptions {
  /** What podman reads on its standard input; nothing when not given. */
  readonly input?: string | Uint8Array;
  /** What podman's fd 3 gives to a reader. */
  readonly atFd3?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface Answer<Output = string> {
  /** Undefined when podman was killed. */
  readonly exitCode: number | undefined;
  readonly stdout: Output;
  readonly stderr: Output;
}

export class PodmanHome {
  readonly conmon: Conmon;
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly #command: readonly [file: string, ...before: string[]];

  private constructor(conmon: Conmon, directory: string, enter: readonly string[]) {
    this.conmon = conmon;
    this.directory = directory;
    const [file, ...before] = [...enter, podmanPath!];
    this.#command = [file!, ...before];
    this.env = {
      HOME: directory,
      // No directory in which another conmon could lie: Podman 4.3 takes that one without a word when it does not
      // like the version of the one it was told to use.
      PATH: join(directory, 'bin'),
      TMPDIR: join(directory, 'tmp'),
      CONTAINERS_CONF: join(directory, 'containers.conf'),
      CONTAINERS_STORAGE_CONF: join(directory, 'storage.conf'),
      LC_ALL: 'C.UTF-8',
    };
  }

  static async make(conmon: Conmon, options: HomeOptions = {}): Promise<PodmanHome> {
    const directory = await mkdtemp(join(tmpdir(), 'conmon-ts-podman-'));
    const home = new PodmanHome(conmon, directory, options.enter?.() ?? []);
    await home.#configure(options);
    await home.#importImage();
    return home;
  }

  /** Calls podman; a failure is an answer like any other. */
  async call(args: readonly string[], options: CallOptions = {}): Promise<Answer> {
    const { exitCode, stdout, stderr } = await this.start(args, options);
    return { exitCode, stdout, stderr };
  }

  /** The same for output that is not text. */
  async callForBytes(args: readonly string[], options: CallOptions = {}): Promise<Answer<Uint8Array>> {
    const [file, ...before] = this.#command;
    const { exitCode, stdout, stderr } = await execa(file, [...before, ...args], {
      ...this.#callOptions(options),
      encoding: 'buffer',
    });
    return { exitCode, stdout, stderr };
  }

  /** Starts podman; what comes back is execa's running process, and the promise of its result. */
  start(args: readonly string[], options: CallOptions = {}) {
    const [file, ...before] = this.#command;
    return execa(file, [...before, ...args], this.#callOptions(options));
  }

  /** Calls podman, which must succeed; returns its standard output without the final newline. */
  async ok(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.call(args);
    assert.equal(exitCode, 0, `podman ${args.join(' ')} fails: ${stderr}`);
    return stdout.trimEnd();
  }

  /** Writes a line to the fifo /go in a container. The exec's own exit code says nothing: where the container ends of it,
   * the kernel kills what is left in it, which the writer may still be. */
  async writeToGo(container: string, line = ''): Promise<void> {
    await this.call(['exec', container, 'sh', '-c', `echo ${line} > /go`]);
  }

  /** Starts a container in the background; returns its id. */
  async runDetached(...args: string[]): Promise<string> {
    return this.ok('run', '-d', ...args);
  }

  inspect(container: string, format: string): Promise<string> {
    return this.ok('inspect', '--format', format, container);
  }

  /** The facts about the conmon of a running container. */
  async readConmon(container: string): Promise<ProcessFacts> {
    const pid = Number(await this.inspect(container, '{{.State.ConmonPid}}'));
    const facts = readProcess(pid);
    assert.ok(facts, `the conmon of ${container}, pid ${pid}, is not there`);
    return facts;
  }

  /** Checks that it is the conmon of this home, and no other, that holds the container. */
  async assertHolds(container: string): Promise<void> {
    const { exe, comm } = await this.readConmon(container);
    assert.ok(exe.startsWith(`${this.conmon.home}/`), `${exe} is not below ${this.conmon.home}`);
    assert.match(exe, /\/conmon$/);
    assert.equal(comm, 'conmon');
  }

  async readLogFile(container: string): Promise<string> {
    return readFile(await this.inspect(container, '{{.HostConfig.LogConfig.Path}}'), 'utf8');
  }

  /** Waits until the container's log holds `text`. */
  async untilLogged(container: string, text: string): Promise<void> {
    const path = await this.inspect(container, '{{.HostConfig.LogConfig.Path}}');
    await until(`"${text}" in the log of ${container}`, async () =>
      (await readFile(path, 'utf8')).includes(text),
    );
  }

  /** The conmons that hold containers or execs of this home. */
  listConmons(): ProcessFacts[] {
    return listProcesses().filter(
      ({ comm, argv }) => comm === 'conmon' && argv.some(arg => arg.startsWith(`${this.directory}/`)),
    );
  }

  /** Removes every container, and checks that no conmon stays behind and that nobody left a zombie to us. */
  async assertCleanAfterRemoval(): Promise<void> {
    const conmons = this.listConmons().map(({ pid }) => pid);
    await until('no zombie that a conmon leaves', () => !hasZombieOf(conmons));
    await this.ok('pod', 'rm', '--all', '--force', '--time', '0');
    await this.ok('rm', '--all', '--force', '--time', '0');
    await until(`no conmon of ${this.directory}`, () => this.listConmons().length === 0);
    await until('no zombie that was handed to us', () => !hasZombieOf([process.pid]));
  }

  async close(): Promise<void> {
    await this.call(['rm', '--all', '--force', '--time', '0']);
    await this.call(['unmount', '--all', '--force']);
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  #callOptions({ input, atFd3, env, cwd }: CallOptions) {
    const stdin = input === undefined ? ('ignore' as const) : ('pipe' as const);
    const extra: [Uint8Array] | [] = atFd3 === undefined ? [] : [Buffer.from(atFd3)];
    return {
      stdio: [stdin, 'pipe' as const, 'pipe' as const, ...extra] as const,
      ...(input === undefined ? {} : { input }),
      cwd: cwd ?? this.directory,
      timeout: callTimeoutMs,
      stripFinalNewline: false as const,
      maxBuffer: outputBytesMax,
      env: { ...this.env, ...env },
      extendEnv: false as const,
      reject: false as const,
    };
  }

  async #configure({ conmonEnv = [], wrapRuntime }: HomeOptions): Promise<void> {
    const at = (name: string) => join(this.directory, name);
    for (const name of ['bin', 'tmp', 'run', 'storage', 'image', 'volumes']) await mkdir(at(name));
    await symlink(runcPath!, at('bin/runc'));
    const runtime = wrapRuntime === undefined ? runcPath! : at('runtime');
    if (wrapRuntime) await writeFile(runtime, wrapRuntime(runcPath!, this.directory), { mode: 0o755 });
    const conmonVariables = [`PATH=${this.env['PATH']}`, ...conmonEnv];
    // No limit may be raised where CAP_SYS_RESOURCE is missing, as in many virtual machines and CI runners.
    await writeFile(
      at('containers.conf'),
      `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "none"
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
runtime = "runc"
conmon_path = [${JSON.stringify(this.conmon.path)}]
conmon_env_vars = [${conmonVariables.map(variable => JSON.stringify(variable)).join(', ')}]
tmp_dir = "${at('run/libpod')}"
volume_path = "${at('volumes')}"
[engine.runtimes]
runc = ["${runtime}"]
`,
    );
    await writeFile(
      at('storage.conf'),
      `[storage]
driver = "vfs"
graphroot = "${at('storage')}"
runroot = "${at('run/storage')}"
`,
    );
  }

  async #importImage(): Promise<void> {
    await makeRootfs(join(this.directory, 'image'));
    const archive = join(this.directory, 'image.tar');
    await execa('tar', ['-C', join(this.directory, 'image'), '-cf', archive, '.']);
    await this.ok('import', '--quiet', archive, 'box');
  }
}

function hasZombieOf(parents: readonly number[]): boolean {
  return listProcesses().some(({ state, parent }) => state === 'Z' && parents.includes(parent));
}
