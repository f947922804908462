// A journald of the test's own: in a mount namespace with an empty /run, where no other program finds it.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { until } from '../../fixtures/waiting.ts';
import { journaldPath } from './probe.ts';

const run = promisify(execFile);

/** One entry's fields; those that are not UTF-8 as latin1. */
export type Entry = Readonly<Record<string, string>>;

export interface JournalWriter {
  /** Runs one command of ./writer.ts. Returns how long it took, and the longest call in it, and all warnings so far. */
  does(command: WriterCommand): Promise<{ ms: number; longestMs: number; warnings: string[] }>;
  /** Ends the writer: its driver is closed. Returns all warnings. */
  ends(): Promise<string[]>;
}

export type WriterCommand =
  | { readonly print: string; readonly stream?: 'stdout' | 'stderr' }
  | { readonly end: 'stdout' | 'stderr' }
  | { readonly say: 'error' | 'warn' | 'info' | 'debug'; readonly text: string };

export class Journal {
  readonly #holder: ChildProcess;
  readonly #children = new Set<ChildProcess>();
  #journald: ChildProcess | undefined;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  /** A namespace without a journald in it yet. */
  static async create(): Promise<Journal> {
    const holder = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-euc', setUp], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(holder.stdout!, 'data');
    return new Journal(holder);
  }

  async start(): Promise<void> {
    const socket = `${this.#root}/run/systemd/journal/socket`;
    rmSync(socket, { force: true });
    this.#journald = this.#spawn(journaldPath, []);
    await until('the socket of journald', () => {
      if (this.#journald!.exitCode !== null) throw new Error('journald ended at once');
      return existsSync(socket);
    });
    await until('journald to answer', () =>
      this.sync().then(
        () => true,
        () => false,
      ),
    );
  }

  /** Ends journald at once; its socket's file stays. */
  async kill(): Promise<void> {
    const ended = once(this.#journald!, 'exit');
    this.#journald!.kill('SIGKILL');
    await ended;
  }

  /** Lets journald read nothing more; returns when it has stopped. */
  freeze(): void {
    this.#journald!.kill('SIGSTOP');
  }

  thaw(): void {
    this.#journald!.kill('SIGCONT');
  }

  /** A process in the namespace that has the journald driver and messages open; see ./writer.ts. */
  write(options: object): JournalWriter {
    const writer = this.#spawn(process.execPath, [new URL('writer.ts', import.meta.url).pathname]);
    writer.stdin!.write(`${JSON.stringify(options)}\n`);
    const answers = createInterface({ input: writer.stdout! })[Symbol.asyncIterator]();
    const next = async () => JSON.parse((await answers.next()).value as string);
    return {
      does: async command => {
        writer.stdin!.write(`${JSON.stringify(command)}\n`);
        return next();
      },
      ends: async () => {
        writer.stdin!.end();
        return (await next()).warnings;
      },
    };
  }

  /** Returns when all that was sent to journald before is in its files. */
  async sync(): Promise<void> {
    await run('nsenter', [...this.#enter, 'journalctl', '--sync']);
  }

  /** All entries that have these fields, oldest first. */
  async entries(matches: Record<string, string>): Promise<Entry[]> {
    await this.sync();
    const folder = `${this.#root}/run/log/journal`;
    const terms = Object.entries(matches).map(([name, value]) => `${name}=${value}`);
    const { stdout } = await run('journalctl', ['--directory', folder, '--all', '-o', 'json', ...terms], {
      maxBuffer: 256 * 1024 * 1024,
    });
    const lines = stdout.split('\n').filter(line => line !== '');
    return lines.map(line => Object.fromEntries(Object.entries(JSON.parse(line)).map(readField)));
  }

  /** Runs a program in the namespace to its end. Returns both of its outputs; throws when it fails. */
  async run(
    file: string,
    args: string[],
    env: NodeJS.ProcessEnv,
  ): Promise<{ stdout: string; stderr: string }> {
    return run('nsenter', [...this.#enter, file, ...args], { env: { ...process.env, ...env } });
  }

  /** The command line that runs another one in the namespace. */
  get enter(): readonly string[] {
    return ['/usr/bin/nsenter', ...this.#enter];
  }

  async close(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    const ended = once(this.#holder, 'exit');
    this.#holder.stdin!.end();
    await ended;
  }

  get #root(): string {
    return `/proc/${this.#holder.pid}/root`;
  }

  get #enter(): string[] {
    return [`--mount=/proc/${this.#holder.pid}/ns/mnt`, '--'];
  }

  #spawn(file: string, args: string[]): ChildProcess {
    const child = spawn('nsenter', [...this.#enter, file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#children.add(child);
    return child;
  }
}

/** /dev/log is a link to where journald has its syslog socket, as on a system that systemd has started. */
const setUp = `
  mount -t tmpfs none /run
  mkdir -p /run/systemd/journald.conf.d /run/systemd/journal /run/log/journal /run/dev
  printf '[Journal]\\nStorage=volatile\\nRateLimitBurst=0\\nReadKMsg=no\\nAudit=no\\n' > /run/systemd/journald.conf.d/test.conf
  for node in /dev/*; do
    if [ -d "$node" ] && ! [ -L "$node" ]; then
      mkdir "/run$node"
      mount --rbind "$node" "/run$node"
    else
      cp -a "$node" /run/dev
    fi
  done
  ln -sf /run/systemd/journal/dev-log /run/dev/log
  mount --rbind /run/dev /dev
  echo ready
  exec cat
`;

function readField([name, value]: [string, unknown]): [string, string] {
  if (typeof value === 'string') return [name, value];
  return [name, Buffer.from(value as number[]).toString('latin1')];
}
