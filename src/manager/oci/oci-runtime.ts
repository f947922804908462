// Which OCI runtime a container has. It is chosen when the container is created and written down with it, so that every
// later call, in whichever process, is one of the same runtime.

import { askCaller } from '../ask-caller.ts';
import { ArgumentError } from '../errors.ts';
import { findExecutable } from '../executables.ts';
import type { CgroupManager, CreateOptions, RuntimeHandler, RuntimeOptions } from '../types.ts';
import { resolvePath } from '../working-directory.ts';

/** A runtime, as it is written down. */
export interface RuntimeProgram {
  /** Absolute path. */
  readonly file: string;
  /** Everything before the sub-command. */
  readonly args: readonly string[];
}

/** Chooses runtimes by the options of a {@link Runtime}. */
export class RuntimeChooser {
  readonly #options: RuntimeOptions;
  /** `null` for none. */
  readonly #root: string | null;

  /** `root` is the runtime's own where the options name none. */
  constructor(options: RuntimeOptions, root: string) {
    this.#options = options;
    const { runtimeRoot = root } = options;
    this.#root = runtimeRoot === null ? null : resolvePath(runtimeRoot);
  }

  /** The runtime of containers for which nobody says otherwise. Throws {@link ArgumentError} where it can't be found. */
  get default(): RuntimeProgram {
    return this.#find(this.#options.runtime ?? 'runc', this.#options.cgroupManager);
  }

  /** The runtime of a container that is going to be created. Throws {@link ArgumentError} where it can't be found. */
  choose(id: string, options: CreateOptions): RuntimeProgram {
    const { runtime = 'runc', runtimeFor, cgroupManager } = this.#options;
    const chosen = options.runtime ?? askCaller('runtimeFor', () => runtimeFor?.(id, options)) ?? runtime;
    return this.#find(chosen, options.cgroupManager ?? cgroupManager);
  }

  #find(runtime: string | RuntimeHandler, cgroupManager: CgroupManager | undefined): RuntimeProgram {
    const { runtimeArgs = [] } = this.#options;
    const handler = typeof runtime === 'string' ? { path: runtime, args: runtimeArgs } : runtime;
    const root = handler.root === undefined ? this.#root : handler.root && resolvePath(handler.root);
    const args = [...(root === null ? [] : ['--root', root]), ...(handler.args ?? [])];
    return { file: findExecutable(handler.path), args: [...args, ...formatManager(cgroupManager, args)] };
  }
}

/** runc's option, which crun and youki have too, and which `-s` of the monitor comes to. */
const systemdOption = '--systemd-cgroup';

function formatManager(manager: CgroupManager | undefined, args: readonly string[]): string[] {
  switch (manager) {
    case undefined:
    case 'cgroupfs':
      return [];
    case 'systemd':
      return args.includes(systemdOption) ? [] : [systemdOption];
    default:
      throw new ArgumentError(
        `cgroupManager: ${JSON.stringify(manager)} is neither 'cgroupfs' nor 'systemd'`,
      );
  }
}
