// The monitor's command line, as Podman and CRI-O write it (docs/conmon.8.md; podman libpod/oci_conmon_common.go,
// cri-o internal/oci/runtime_oci.go).

import { join } from 'node:path';
import type { RuntimeProgram } from '../oci/oci-runtime.ts';
import type { ContainerPaths } from '../state/layout.ts';
import type { CreateOptions, LogDriver } from '../types.ts';
import type { MonitorSettings } from './monitor-defaults.ts';

/** What the command line is made of. */
export interface MonitorPlan {
  readonly id: string;
  readonly name: string;
  readonly bundle: string;
  readonly runtime: RuntimeProgram;
  readonly settings: MonitorSettings;
  readonly terminal: boolean;
  readonly logs: readonly LogDriver[];
  /** The exit command with its path made absolute: the monitor executes it without a search, wherever it is then. */
  readonly exitCommand: readonly string[];
  readonly exitDelaySeconds: number | undefined;
  readonly options: CreateOptions;
}

/** Arguments for a monitor that creates a container. Version 1 of the interface: its replies say `data` throughout,
 * for exec the process ID comes before the exit code, and every reply is a line, so that the stream sockets which
 * Node makes do as well as Podman's sequenced packets. */
export function buildCreateArgs(paths: ContainerPaths, plan: MonitorPlan): string[] {
  const { options, settings } = plan;
  const args = ['--api-version', '-c', plan.id, '-u', plan.id, '-n', plan.name];
  args.push(...buildRuntimeArgs(plan), '-b', plan.bundle, '--full-attach');
  args.push('-p', paths.pidfile, '-P', paths.monitorPidfile);
  args.push('--exit-dir', paths.exitDir, '--persist-dir', paths.persistDir);
  for (const log of plan.logs) args.push('-l', formatLogDriver(log, paths.log));
  args.push('--log-level', 'warning');
  if (Number.isFinite(settings.logSizeMaxBytes))
    args.push('--log-size-max', String(settings.logSizeMaxBytes));
  if (settings.noPivot) args.push('--no-pivot');
  if (plan.terminal) args.push('-t');
  else if (options.stdin) args.push('-i');
  if (options.leaveStdinOpen) args.push('--leave-stdin-open');
  if (Number.isFinite(options.timeoutSeconds)) args.push(`--timeout=${options.timeoutSeconds}`);
  for (const [index, word] of plan.exitCommand.entries())
    args.push(index === 0 ? '--exit-command' : '--exit-command-arg', word);
  if (plan.exitDelaySeconds) args.push(`--exit-delay=${plan.exitDelaySeconds}`);
  for (const word of options.runtimeOpts ?? []) args.push('--runtime-opt', word);
  return [...args, ...(options.monitorArgs ?? [])];
}

/** What the command line of an exec session is made of. */
export interface ExecPlan extends Pick<MonitorPlan, 'id' | 'name' | 'runtime' | 'terminal'> {
  readonly session: string;
  /** The session's own directory: it stands for the bundle. */
  readonly directory: string;
  /** True where its output comes over the attach socket, false where it comes by way of {@link execLogIn}. */
  readonly attaches: boolean;
  readonly stdin: boolean;
  /** 0 for none. */
  readonly timeoutSeconds: number;
}

/** Where a command's output is logged that nobody attaches to. */
export function execLogIn(directory: string): string {
  return join(directory, 'output.log');
}

/** Arguments for a monitor that runs a command in a container. */
export function buildExecArgs(plan: ExecPlan): string[] {
  const { directory } = plan;
  const args = [
    '--api-version',
    '-c',
    plan.id,
    '-u',
    plan.session,
    '-n',
    plan.name,
    ...buildRuntimeArgs(plan),
  ];
  args.push(
    '-b',
    directory,
    '--full-attach',
    '-p',
    join(directory, 'pidfile'),
    '-l',
    plan.attaches ? 'none' : `k8s-file:${execLogIn(directory)}`,
    '--log-level',
    'warning',
  );
  args.push('--exit-dir', join(directory, 'exit'), '--persist-dir', join(directory, 'persist'));
  args.push('-e', '--exec-process-spec', join(directory, 'process.json'));
  if (plan.attaches) args.push('--exec-attach');
  if (plan.terminal) args.push('-t');
  if (plan.stdin) args.push('-i');
  if (plan.timeoutSeconds > 0) args.push(`--timeout=${plan.timeoutSeconds}`);
  return args;
}

/** The runtime and its own arguments. */
function buildRuntimeArgs({ runtime }: Pick<MonitorPlan, 'runtime'>): string[] {
  return ['-r', runtime.file, ...runtime.args.flatMap(word => ['--runtime-arg', word])];
}

/** One `--log-path`. */
export function formatLogDriver(log: LogDriver, defaultPath: string): string {
  return log.driver === 'k8s-file' ? `k8s-file:${log.path ?? defaultPath}` : log.driver;
}
