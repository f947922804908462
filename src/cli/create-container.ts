// Creating a container as `run` and `create` do: a bundle of its own, then the library's create.

import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ContainerIdentity, CreateOptions, ExitCommand, LogDriver, Runtime } from '../manager/index.ts';
import { readBundleConfig } from '../manager/oci/bundle.ts';
import { resolvePath } from '../manager/working-directory.ts';
import type { Cli } from './cli.ts';
import type { ContainerArguments } from './container-options.ts';
import { changeConfig, makeOwnBundle, removeOwnBundle, wantsTerminal } from './own-bundle.ts';
import { findCgroupPlace } from './own-cgroup.ts';
import { chooseRuntime } from './runtime-choice.ts';
import { UsageError } from './usage-error.ts';
import { expandEnv, parseDuration, parseLabels, parseSignal, parseSize, parseUser } from './values.ts';

/** The library's rule for IDs, without those that look like options. */
const idPattern = /^[\w+][\w+.-]{0,199}$/;

/** What has been created. */
export interface CreatedContainer {
  readonly runtime: Runtime;
  readonly id: string;
  readonly terminal: boolean;
  readonly interactive: boolean;
}

/** Creates a container. `signal` gives it up; nothing is left then. */
export async function createFromArguments(
  args: ContainerArguments,
  cli: Cli,
  signal: AbortSignal,
): Promise<CreatedContainer> {
  const given = resolvePath(args.bundle);
  const config = readBundleConfig(given);
  const command = args['--'];
  const terminal = args.tty ?? wantsTerminal(config);
  // A bundle made for a terminal means somebody to sit at it, as with `runc run`.
  const interactive = args.interactive ?? (args.tty === undefined && terminal);
  const changes = {
    args: command && command.length > 0 ? command : undefined,
    terminal: args.tty,
    env: args.env && expandEnv(args.env, process.env),
    cwd: args.workdir,
    user: args.user === undefined ? undefined : parseUser(args.user),
  };
  const id = args.id ?? inventId(given);
  if (!idPattern.test(id))
    throw new UsageError(`--id: ${JSON.stringify(id)} is no ID: A-Z a-z 0-9 _ + . -, not . or - in front`);
  const options = readCreateOptions(args, cli, id, { terminal, interactive });
  const runtime = await cli.openRuntimeToCreate();
  const placement =
    args.cgroup === undefined
      ? {}
      : { placement: (await import('../manager/index.ts')).cgroupfs({ path: args.cgroup }) };
  const cgroup = findCgroupPlace(chooseRuntime(cli.globals).runtimeArgs);
  const bundle = makeOwnBundle(cli.globals.root, id, changeConfig(config, given, changes), cgroup);
  try {
    await runtime.create(id, { ...options, ...placement, bundle, signal });
    if (args['pid-file'] !== undefined)
      writeFileSync(args['pid-file'], String((await runtime.state(id)).pid ?? ''));
  } catch (error) {
    removeOwnBundle(cli.globals.root, bundle);
    throw error;
  }
  return { runtime, id, terminal, interactive };
}

/** Deletes a container, and the bundle that was made for it. */
export async function deleteWithBundle(
  runtime: Runtime,
  id: string,
  options: { readonly force: boolean; readonly incarnation?: string | undefined },
): Promise<void> {
  const { force } = options;
  const asked = options.incarnation === undefined ? {} : { incarnation: options.incarnation };
  const { incarnation, bundle } = await runtime.state(id, asked).catch(() => ({
    ...options, // what is wrong with it, the deletion tells
    bundle: undefined,
  }));
  await runtime.delete(id, { force, ...(incarnation === undefined ? {} : { incarnation }) });
  removeOwnBundle(runtime.root, bundle);
}

/** An ID nobody has: the name of the bundle's directory, as far as it can be part of one, and six digits. */
function inventId(bundle: string): string {
  const name = basename(bundle)
    .replace(/[^\w+.-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 40);
  return `${name || 'container'}-${randomBytes(3).toString('hex')}`;
}

function readCreateOptions(
  args: ContainerArguments,
  cli: Cli,
  id: string,
  { terminal, interactive }: { readonly terminal: boolean; readonly interactive: boolean },
): Omit<CreateOptions, 'bundle'> {
  const size = args['log-size-max'];
  const stopSignal = args['stop-signal'];
  return {
    name: args.name ?? id,
    terminal,
    stdin: interactive,
    leaveStdinOpen: args['leave-stdin-open'] ?? false,
    log: readLogDrivers(args),
    labels: { ...parseLabels(args.label ?? []), 'conmonctl.bundle': resolvePath(args.bundle) },
    runtimeOpts: args['runtime-opt'] ?? [],
    monitorArgs: args['conmon-arg'] ?? [],
    ...(size === undefined ? {} : { logSizeMaxBytes: parseSize(size, '--log-size-max') }),
    ...(stopSignal === undefined ? {} : { stopSignal: parseSignal(stopSignal, '--stop-signal') }),
    ...(args.timeout === undefined ? {} : { timeoutSeconds: readTimeout(args.timeout) }),
    ...(args.rm ? { exitCommand: container => deleteCommand(cli, container) } : {}),
  };
}

function readLogDrivers(args: ContainerArguments): LogDriver[] {
  const path = args['log-path'];
  const drivers = [...new Set(args['log-driver'])];
  if (path !== undefined && !drivers.includes('k8s-file'))
    throw new UsageError('--log-path is the file of --log-driver k8s-file, which is not among the drivers');
  return drivers.map(driver => {
    if (driver === 'k8s-file') return path === undefined ? { driver } : { driver, path: resolvePath(path) };
    return driver === 'journald' ? { driver } : { driver: 'none' };
  });
}

/** The monitor counts in seconds. */
function readTimeout(text: string): number {
  const seconds = Math.ceil(parseDuration(text, '--timeout') / 1000);
  if (seconds === 0) throw new UsageError('--timeout: no time at all is left to run');
  return seconds;
}

/** Run by the monitor when everything else is done, so that `--rm` holds whatever becomes of this process. */
function deleteCommand(cli: Cli, { id, incarnation }: ContainerIdentity): ExitCommand {
  const here = fileURLToPath(import.meta.url);
  const main = fileURLToPath(new URL(here.endsWith('.ts') ? './main.ts' : './main.js', import.meta.url));
  const { root, conmon, conmonEnv } = cli.globals;
  const args = [main, 'delete', '--root', root];
  if (conmon !== undefined) args.push('--conmon', conmon.includes('/') ? resolvePath(conmon) : conmon);
  // By name: the values come with its environment, and everybody can read a command line.
  for (const variable of conmonEnv) args.push('--conmon-env', variable.split('=', 1)[0]!);
  return { file: process.execPath, args: [...args, '--force', '--incarnation', incarnation, id] };
}
