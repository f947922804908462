// What subcommands share: the settings, the library, and where output goes.

import type { Logger } from 'pino';
import type { Runtime } from '../manager/index.ts';
import type { Globals } from './globals.ts';
import { chooseRuntime, forgetChoice, keepChoice, type RuntimeChoice, readChoice } from './runtime-choice.ts';
import { UsageError } from './usage-error.ts';

export class Cli {
  /** Name of the subcommand. */
  readonly command: string;
  readonly globals: Globals;
  #logger: Logger | undefined;

  constructor(command: string, globals: Globals) {
    this.command = command;
    this.globals = globals;
  }

  /** The log of conmonctl, and of the library. */
  async openLogger(): Promise<Logger> {
    const { makeLogger } = await import('./logger.ts');
    this.#logger ??= makeLogger(this.globals.logLevel, this.globals.logFormat);
    return this.#logger;
  }

  /** The library, over the runtime that the directory of state is for. */
  async openRuntime(): Promise<Runtime> {
    return this.openRuntimeWith(chooseRuntime(this.globals));
  }

  /** The same to create a container: from then on the directory of state is for this runtime. */
  async openRuntimeToCreate(): Promise<Runtime> {
    const { root } = this.globals;
    const choice = chooseRuntime(this.globals);
    const kept = readChoice(root);
    if (kept && !isSame(kept, choice)) {
      const containers = await (await this.openRuntimeWith(kept)).list();
      if (containers.length > 0) throw new UsageError(refuseSecondRuntime(root, kept, containers.length));
      forgetChoice(root);
    }
    const runtime = await this.openRuntimeWith(choice);
    const holding = keepChoice(root, choice);
    if (!isSame(holding, choice)) throw new UsageError(refuseSecondRuntime(root, holding, 1));
    return runtime;
  }

  async openRuntimeWith(choice: RuntimeChoice, root = this.globals.root): Promise<Runtime> {
    const { Runtime } = await import('../manager/index.ts');
    const { conmon, conmonEnv } = this.globals;
    return new Runtime({
      root,
      runtime: choice.runtime,
      runtimeArgs: choice.runtimeArgs,
      ...(conmon === undefined ? {} : { conmon }),
      conmonEnv,
      logger: await this.openLogger(),
    });
  }

  /** Prints a line on standard output. */
  print(line: string): void {
    process.stdout.write(`${line}\n`);
  }

  /** Prints a value as JSON: for a person's eyes in several lines, for programs all the same. */
  printJson(value: unknown): void {
    this.print(JSON.stringify(value, null, 2));
  }

  /** Prints a value as one line of JSON. */
  printJsonLine(value: unknown): void {
    this.print(JSON.stringify(value));
  }

  /** Tells a person something that is no output, on standard error. */
  tell(text: string): void {
    process.stderr.write(`conmonctl: ${text}\n`);
  }
}

function isSame(one: RuntimeChoice, other: RuntimeChoice): boolean {
  return (
    JSON.stringify([one.runtime, one.runtimeArgs]) === JSON.stringify([other.runtime, other.runtimeArgs])
  );
}

function refuseSecondRuntime(root: string, kept: RuntimeChoice, containers: number): string {
  const runtime = [kept.runtime, ...kept.runtimeArgs].join(' ');
  const some = containers === 1 ? 'a container' : `${containers} containers`;
  return `${root} has ${some} of ${runtime}: another runtime needs another --root`;
}
