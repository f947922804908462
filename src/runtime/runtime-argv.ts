// The OCI runtime's command line: create, restore or exec. Pure.

/** The options that the command line is made of; see `Options`. */
export interface RuntimeCall {
  /** Path of the runtime, which also is its argv[0]. */
  readonly runtime: string;
  readonly runtimeArg: readonly string[];
  readonly runtimeOpt: readonly string[];
  readonly systemdCgroup: boolean;
  readonly exec: boolean;
  /** Given with `exec`. */
  readonly execProcessSpec: string | undefined;
  /** Directory of a checkpoint; undefined to create the container. */
  readonly restore: string | undefined;
  /** Given without `exec`. */
  readonly bundle: string | undefined;
  readonly containerPidfile: string;
  readonly noPivot: boolean;
  readonly noNewKeyring: boolean;
  readonly cid: string;
}

/**
 * The runtime's arguments, its path first, in the order of C conmon: callers put arguments for a place in that order
 * into `runtimeArg` and `runtimeOpt`. `consoleSocket` is the path of a socket that waits for the terminal, if any.
 */
export function buildRuntimeArgv(call: RuntimeCall, consoleSocket?: string): string[] {
  return [
    call.runtime,
    ...(call.systemdCgroup && !call.exec ? ['--systemd-cgroup'] : []),
    ...call.runtimeArg,
    ...(call.exec ? execArguments(call) : startArguments(call)),
    ...call.runtimeOpt,
    ...(consoleSocket === undefined ? [] : ['--console-socket', consoleSocket]),
    call.cid,
  ];
}

function execArguments(call: RuntimeCall): string[] {
  const spec = present(call.execProcessSpec, 'process spec');
  return ['exec', '--pid-file', call.containerPidfile, '--process', spec, '--detach'];
}

function startArguments(call: RuntimeCall): string[] {
  const { restore } = call;
  const bundle = present(call.bundle, 'bundle');
  return [
    restore === undefined ? 'create' : 'restore',
    '--bundle',
    bundle,
    '--pid-file',
    call.containerPidfile,
    ...(call.noPivot ? ['--no-pivot'] : []),
    ...(call.noNewKeyring ? ['--no-new-keyring'] : []),
    // A restored container runs at once: without --detach the runtime would stay with it. CRIU works, and logs,
    // in the bundle.
    ...(restore === undefined ? [] : ['--detach', '--image-path', restore, '--work-path', bundle]),
  ];
}

/** Accepted options have it: a missing one is a mistake of ours. */
function present(value: string | undefined, what: string): string {
  if (value === undefined) throw new Error(`runtime call without a ${what}`);
  return value;
}
