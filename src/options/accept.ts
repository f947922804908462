// Parsed values -> Options: defaults, and what is refused, in conmon's order and words.

import { X_OK } from '../sys/constants.ts';
import { errorWords } from '../sys/errno.ts';
import { Refusal } from '../sys/errors.ts';
import { fileNameBytesMax } from '../sys/files.ts';
import { utf8Bytes } from '../sys/text.ts';
import type { Options } from './options.ts';
import { UsageRefusal } from './refusal.ts';
import type { RawValues } from './values.ts';

/** What has to be known of the system. */
export interface Host {
  /** The working directory. Throws a {@link Refusal} where it has no path that can be passed on. */
  cwd(): string;
  /** access(2): 0 or a negative errno. */
  access(path: string, mode: number): number;
}

/**
 * The checks that come before the monitor's messages can be set up, which need the container's ID and --log-level.
 * Returns that ID.
 *
 * Throws a {@link UsageRefusal}.
 */
export function acceptUsage(values: RawValues): string {
  const maxFiles = values.integer('log-max-files') ?? logMaxFilesDefault;
  if (maxFiles < 0) throw new UsageRefusal(`log-max-files must be non-negative, got ${maxFiles}`);
  if (values.flag('log-rotate') && maxFiles === 0) {
    throw new UsageRefusal(`log-max-files must be at least 1 when log-rotate is enabled, got ${maxFiles}`);
  }
  const cid = values.string('cid');
  if (cid === undefined) throw new UsageRefusal('Container ID not provided. Use --cid');
  return cid;
}

/**
 * The options, with everything checked but what the rooms that use them check: --log-level before this is called
 * (that is conmon's order), --log-path, --log-label and --log-tag after it.
 *
 * Throws a {@link UsageRefusal} for what {@link acceptUsage} refuses, and a {@link Refusal} for the rest.
 */
export function acceptOptions(values: RawValues, host: Host): Options {
  const cid = acceptUsage(values);
  checkFileName('Container ID', cid);
  const exec = values.flag('exec');
  const execAttach = values.flag('exec-attach');
  const apiVersion = values.flag('api-version') ? 1 : 0;
  const restore = values.string('restore');
  if (restore !== undefined && exec) throw new Refusal("Cannot use 'exec' and 'restore' at the same time");
  if (execAttach && !exec) throw new Refusal('Attach can only be specified with exec');
  if (execAttach && apiVersion < 1) {
    throw new Refusal('Attach can only be specified for a non-legacy exec session');
  }
  const cuuid = values.string('cuuid');
  const isLegacyExec = exec && apiVersion < 1;
  if (cuuid === undefined && !isLegacyExec) throw new Refusal('Container UUID not provided. Use --cuuid');
  if (cuuid !== undefined) checkFileName('Container UUID', cuuid);
  const runtime = acceptRuntime(values, host);
  const execProcessSpec = values.string('exec-process-spec');
  if (exec && execProcessSpec === undefined) {
    throw new Refusal('Exec process spec path not provided. Use --exec-process-spec');
  }
  const bundle = values.string('bundle') ?? (exec ? undefined : host.cwd());
  const fullAttach = values.flag('full-attach');
  const containerPidfile = values.string('container-pidfile') ?? makeAbsolute(defaultPidfile(cid), host);
  const attachLinkTarget = bundle === undefined || fullAttach ? undefined : makeAbsolute(bundle, host);
  const exitDelay = values.integer('exit-delay') ?? 0;
  if (exitDelay < 0) {
    throw new Refusal('Delay before invoking exit command must be greater than or equal to 0');
  }
  return {
    apiVersion,
    attachLinkTarget,
    bundle,
    cid,
    conmonPidfile: values.string('conmon-pidfile'),
    containerPidfile,
    cuuid,
    exec,
    execAttach,
    execProcessSpec,
    exitCommand: values.string('exit-command'),
    exitCommandArg: values.strings('exit-command-arg'),
    exitDelay,
    exitDir: values.string('exit-dir'),
    leaveStdinOpen: values.flag('leave-stdin-open'),
    logAllowlistDir: values.strings('log-allowlist-dir'),
    logGlobalSizeMax: values.integer('log-global-size-max') ?? -1,
    logLabel: values.strings('log-label'),
    logMaxFiles: values.integer('log-max-files') ?? logMaxFilesDefault,
    logPath: values.strings('log-path'),
    logRotate: values.flag('log-rotate'),
    logSizeMax: values.integer('log-size-max') ?? -1,
    logTag: values.string('log-tag'),
    name: values.string('name'),
    noContainerPartialMessage: values.flag('no-container-partial-message'),
    noNewKeyring: values.flag('no-new-keyring'),
    noPivot: values.flag('no-pivot'),
    noSyncLog: values.flag('no-sync-log'),
    persistDir: values.string('persist-dir'),
    replaceListenPid: values.flag('replace-listen-pid'),
    restore,
    runtime,
    runtimeArg: values.strings('runtime-arg'),
    runtimeOpt: values.strings('runtime-opt'),
    sdnotifySocket: values.string('sdnotify-socket'),
    socketDirPath: values.string('socket-dir-path') ?? socketDirPathDefault,
    stdin: values.flag('stdin'),
    sync: values.flag('sync'),
    systemdCgroup: values.flag('systemd-cgroup'),
    terminal: values.flag('terminal'),
    timeout: values.integer('timeout') ?? 0,
  };
}

const logMaxFilesDefault = 1;
/** CRI-O's directory, and conmon's default. */
const socketDirPathDefault = '/var/run/crio';
/** Of a path, as Sys takes one. */
const pathBytesMax = 4091;
/** How much of a name a message shows. */
const shownCharactersMax = 64;

/** Both IDs name files below directories of the caller's: neither may lead out of them. */
function checkFileName(what: string, name: string): void {
  if (name === '') throw new Refusal(`${what} must not be empty`);
  const shown = name.length > shownCharactersMax ? `${name.slice(0, shownCharactersMax)}...` : name;
  if (name === '.' || name === '..' || name.includes('/'))
    throw new Refusal(`${what} ${shown} is not a file name`);
  const bytes = utf8Bytes(name).length;
  if (bytes > fileNameBytesMax) {
    throw new Refusal(`${what} ${shown} is ${bytes} bytes long, more than ${fileNameBytesMax}`);
  }
}

/** A name of its own is made of the ID, which may be too long for that. */
function defaultPidfile(cid: string): string {
  const name = `pidfile-${cid}`;
  if (utf8Bytes(name).length > fileNameBytesMax)
    throw new Refusal('Container ID is too long for a pid file of its name. Use --container-pidfile');
  return name;
}

function makeAbsolute(path: string, host: Host): string {
  if (path.startsWith('/')) return path;
  const absolute = `${host.cwd()}/${path}`;
  if (utf8Bytes(absolute).length > pathBytesMax)
    throw new Refusal(`${path} has too long a path in the working directory`);
  return absolute;
}

function acceptRuntime(values: RawValues, host: Host): string {
  const runtime = values.string('runtime');
  if (runtime === undefined) throw new Refusal('Runtime path not provided. Use --runtime');
  const answer = host.access(runtime, X_OK);
  if (answer < 0) throw new Refusal(`Runtime path ${runtime} is not valid ${errorWords(answer)}`);
  return runtime;
}
