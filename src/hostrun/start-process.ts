// What create and exec have in common: a process from a specification, with the caller's stdio or a new terminal.

import { readdirSync } from 'node:fs';
import { readStat } from '../proc/stat.ts';
import { F_SETFD, FD_CLOEXEC } from '../sys/constants.ts';
import { sys } from '../sys/real.ts';
import { requireExecutable } from './lookup.ts';
import type { ProcessIdentity } from './processes.ts';
import { RuntimeError } from './runtime-error.ts';
import type { ProcessSpec } from './spec.ts';
import { startStandIn } from './stand-in.ts';

export interface ProcessOptions {
  readonly consoleSocket: string | undefined;
  readonly preserveFds: number;
}

/** Starts the process of `spec`; with `fifoPath` it waits for a reader of that fifo before it becomes itself. */
export async function startProcess(spec: ProcessSpec, options: ProcessOptions, fifoPath = '') {
  const { consoleSocket, preserveFds } = options;
  if (consoleSocket !== undefined && !spec.terminal)
    throw new RuntimeError('cannot use console socket if runc will not detach or allocate tty');
  if (consoleSocket === undefined && spec.terminal)
    throw new RuntimeError('cannot allocate tty if runc will detach without setting console socket');
  requireExecutable(spec.args[0]!, spec.env, spec.cwd);
  requirePreservedFds(preserveFds, process.env['HOSTRUN_FDS'] ?? '');

  const terminal = consoleSocket === undefined ? undefined : await makeTerminal(spec);
  closeOthersOnExec();
  const { child, pid } = await startStandIn({
    process: spec,
    stdio: terminal ? [terminal.slave, terminal.slave, terminal.slave] : [0, 1, 2],
    preserveFds,
    fifoPath,
    ttyPath: terminal?.path ?? '',
    listenFds: isOurs(process.env['LISTEN_PID']) ? (process.env['LISTEN_FDS'] ?? '') : '',
    user: process.getuid?.() === 0 && spec.uid !== 0 ? { uid: spec.uid, gid: spec.gid } : undefined,
  });
  try {
    if (consoleSocket !== undefined) terminal?.send(consoleSocket);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return { child, identity: identify(pid) };
}

/** node-pty is loaded for this only: what has no terminal starts without it, and sooner. */
async function makeTerminal(spec: ProcessSpec) {
  const { openTerminal, sendMaster } = await import('./terminal.ts');
  const terminal = openTerminal(sys, spec.terminalSize);
  return { ...terminal, send: (socketPath: string) => sendMaster(sys, terminal, socketPath) };
}

/** A process that is gone already keeps a start time that no process can have. */
function identify(pid: number): ProcessIdentity {
  const stat = readStat(pid);
  return { pid, startTime: stat?.startTicks ?? 'unknown' };
}

/** The process inherits what its plan names and no more. Node does this for the first fds only. */
function closeOthersOnExec(): void {
  for (const name of readdirSync('/proc/self/fd')) {
    if (Number(name) > 2) sys.fcntl(Number(name), F_SETFD, FD_CLOEXEC);
  }
}

function isOurs(listenPid: string | undefined): boolean {
  return listenPid === String(process.pid);
}

/** Node itself has opened fds since we were executed, so `inherited` lists those that were there before. */
function requirePreservedFds(count: number, inherited: string): void {
  const present = new Set(inherited.split(' '));
  for (let fd = 3; fd < 3 + count; fd++) {
    if (!present.has(String(fd))) throw new RuntimeError(`unable to stat preserved-fd ${fd} (of ${count})`);
  }
}
