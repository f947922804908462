// One start of conmon on a stage, by a caller like Podman or CRI-O, and all that the caller sees until its end.

import { closeSync, existsSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { connectAttach } from '../fixtures/attach-client.ts';
import { type Channel, reap, type StartOptions, startConmon } from '../fixtures/caller.ts';
import { fixture, listChildren, readIfThere } from '../fixtures/monitored.ts';
import { hangMs, waitUntil } from '../fixtures/waiting.ts';
import { openPacketChannel } from './packet-channel.ts';
import type { Stage } from './stage.ts';
import { viewBytes, viewFile, viewLog } from './views.ts';

export type OptionValue = string | true | readonly string[] | undefined;

export interface RunOptions {
  /** What is seen is noted under names that begin so; for several starts on one stage. */
  readonly as?: string;
  /** conmon's options: these replace the usual ones ({@link usualOptions}), undefined leaves one away. */
  readonly options?: Readonly<Record<string, OptionValue>>;
  /** More arguments, at the end. */
  readonly args?: readonly string[];
  /** Only `args`, without any of the usual options. */
  readonly bare?: boolean;
  /** The shell line that is the container, where the runtime is the usual one. */
  readonly container?: string;
  /** A file of test/fixtures, or a path. */
  readonly runtime?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** --api-version: 1 when not given. */
  readonly api?: 0 | 1;
  readonly sync?: Channel | 'none';
  readonly attachPipe?: boolean;
  readonly startPipe?: boolean;
  readonly fds?: StartOptions['fds'];
  readonly stdio?: StartOptions['stdio'];
  readonly cwd?: string;
  /** A command line before conmon's. */
  readonly before?: readonly string[];
}

/** As long as a real one. */
export const cid = '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef';

const attachPipeFd = 5;
const syncPipeFd = 3;

export type Run = ReturnType<typeof openRun>;

/** What Podman gives for a container. */
function usualOptions(stage: Stage, runtime: string): Record<string, OptionValue> {
  return {
    '-c': cid,
    '-u': cid,
    '-n': 'name',
    '-b': stage.at('bundle'),
    '-r': runtime,
    '-p': stage.at('pidfile'),
    '-P': stage.at('conmon-pid'),
    '-l': stage.at('LOG'),
    '--exit-dir': stage.at('exits'),
    '--persist-dir': stage.at('persist'),
    '--full-attach': true,
  };
}

export function openRun(stage: Stage, options: RunOptions) {
  const { runtime = 'runtime-starts-container', container = ':', api = 1, as = '' } = options;
  const path = runtime.includes('/') ? runtime : fixture(runtime);
  const settings = { ...usualOptions(stage, path), ...options.options };
  const args = [
    ...(options.bare ? [] : Object.entries(settings).flatMap(formatOption)),
    ...(options.args ?? []),
  ];
  const isSync = args.includes('--sync');
  const sync =
    options.sync === 'none' ? undefined : openPacketChannel(options.sync ?? 'seqpacket', stage.dir);
  const attachPipe = options.attachPipe ? openPacketChannel('seqpacket', stage.dir) : undefined;
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    LC_ALL: 'C.UTF-8',
    TMPDIR: stage.at('tmp'),
    DIR: stage.dir,
    CONTAINER: container,
    ...(sync && { _OCI_SYNCPIPE: String(syncPipeFd) }),
    ...(attachPipe && { _OCI_ATTACHPIPE: String(attachPipeFd) }),
    ...options.env,
  };
  const [first, ...rest] = [
    ...(options.before ?? []),
    stage.conmon.path,
    ...(api === 1 ? ['--api-version', '1'] : []),
    ...args,
  ];
  const before = new Set(listChildren().map(([pid]) => pid));
  const caller = startConmon({
    conmon: first!,
    args: rest,
    env,
    cwd: options.cwd ?? stage.dir,
    syncPipe: 'none',
    startPipe: options.startPipe ?? false,
    ...(options.stdio && { stdio: options.stdio }),
    fds: [
      ...(sync ? [{ from: sync.theirs, to: syncPipeFd }] : []),
      ...(attachPipe ? [{ from: attachPipe.theirs, to: attachPipeFd }] : []),
      ...(options.fds ?? []),
    ],
  });
  for (const channel of [sync, attachPipe]) if (channel) closeSync(channel.theirs);

  let launcherStatus: number | undefined;
  let monitorPid: number | undefined = isSync ? caller.pid : undefined;
  let monitorStatus: string | undefined;
  const pids = new Map<string, string>();
  const mask = (text: string) =>
    text
      .replaceAll(/time=\\"[^"\\]*\\"/g, 'time=TIME')
      .replaceAll(/"(pid|data|exit_code)": (\d+)/g, (all, key, pid) =>
        pids.has(pid) ? `"${key}": ${pids.get(pid)}` : all,
      );

  const run = {
    caller,
    /** Waits for the started process, and with it for the monitor's pid file; returns its exit status. */
    launched(limitMs = hangMs): number {
      if (launcherStatus === undefined && !isSync) {
        launcherStatus = caller.wait(limitMs);
        monitorPid = findMonitor();
      }
      return launcherStatus ?? 0;
    },
    /** The monitor's pid, where there is one. */
    monitor(): number {
      run.launched();
      if (monitorPid === undefined) throw new Error('there is no monitor');
      return monitorPid;
    },
    /** The next report on the sync pipe; undefined at its end. */
    answer(limitMs = hangMs): number | undefined {
      const packet = sync?.read('an answer', limitMs);
      if (packet === undefined) return undefined;
      const value = Number(/-?\d+/.exec(packet)?.[0]);
      if (value > 0 && existsSync(`/proc/${value}`)) pids.set(String(value), 'PID');
      return value;
    },
    /** Whether there is a report that was not read yet. */
    answered: () => sync?.hasPacket() ?? false,
    /** Waits for the line on the attach pipe. */
    attachReady(limitMs = hangMs): void {
      attachPipe?.read('the attach line', limitMs);
    },
    /** Where callers find the socket without --full-attach. */
    socketLink: () => join(stage.at('sockets'), cid),
    attach(path = stage.at('bundle/attach')) {
      return connectAttach(path);
    },
    /** Waits for the monitor's end, and notes everything. */
    end(limitMs = hangMs): void {
      run.launched(limitMs);
      if (monitorPid !== undefined) {
        const pid = monitorPid;
        monitorPid = undefined;
        monitorStatus = String(reap(pid, limitMs));
      }
      run.note(limitMs);
    },
    /** Notes what there is to see by now. */
    note(limitMs = hangMs): void {
      const pid = readIfThere(pidFileOf());
      if (pid !== '') pids.set(pid.trim(), 'PID');
      const note = (what: string, text: string) => stage.note(as === '' ? what : `${as}: ${what}`, text);
      note('launcher status', isSync ? '(the monitor itself)' : String(launcherStatus));
      note('monitor status', monitorStatus ?? '(no monitor)');
      if (options.stdio === undefined) {
        note('stderr', viewBytes(caller.stderr()));
        note('stdout', viewBytes(caller.stdout()));
      }
      if (sync) note('sync pipe', viewPackets(sync.readAll('the end of the sync pipe', limitMs)));
      if (attachPipe)
        note('attach pipe', viewPackets(attachPipe.readAll('the end of the attach pipe', limitMs)));
      if (options.bare) return;
      note(
        'exit file',
        viewFile(join(String(settings['--exit-dir'] ?? stage.at('exits')), String(settings['-c']))),
      );
      note('persist file', viewFile(stage.at('persist/exit')));
      note('log', viewLog(logOf()));
    },
    close(): void {
      sync?.close();
      attachPipe?.close();
      caller.remove();
    },
  };
  return run;

  function viewPackets(packets: readonly string[]): string {
    return packets.length === 0 ? '(nothing)' : packets.map(packet => mask(viewBytes(packet))).join('\n');
  }

  function pidFileOf(): string {
    return typeof settings['-p'] === 'string'
      ? resolve(options.cwd ?? stage.dir, settings['-p'])
      : stage.at(`pidfile-${cid}`);
  }

  function logOf(): string {
    const last =
      typeof settings['-l'] === 'string'
        ? settings['-l']
        : settings['-l'] === true
          ? ''
          : settings['-l']?.at(-1);
    return stage.at(last?.startsWith(stage.dir) ? relative(stage.dir, last) : 'LOG');
  }

  /** By its pid file, or else as the child called conmon that was not there before. */
  function findMonitor(): number | undefined {
    const path = settings['-P'];
    if (launcherStatus !== 0) return undefined;
    if (typeof path === 'string' && !options.bare) {
      const pidFile = resolve(options.cwd ?? stage.dir, path);
      waitUntil(() => existsSync(pidFile), 'the monitor’s pid file', hangMs);
      return Number(readFileSync(pidFile, 'utf8'));
    }
    return listChildren().find(([pid, , name]) => !before.has(pid) && name === 'conmon')?.[0];
  }
}

function formatOption([name, value]: [string, OptionValue]): string[] {
  if (value === undefined) return [];
  if (value === true) return [name];
  return (typeof value === 'string' ? [value] : value).flatMap(each => [name, each]);
}
