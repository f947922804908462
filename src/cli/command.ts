// What a subcommand is. Each is a file in commands/, loaded when it is called.

import type { InferredOptionTypes, Options, PositionalOptions } from 'yargs';
import type { Cli } from './cli.ts';

/** One subcommand: what its line may hold, its help, and what it does. */
export interface Command {
  /** Its arguments apart from options, in the order in which they come. */
  readonly positionals: Readonly<Record<string, PositionalOptions>>;
  readonly options: Readonly<Record<string, Options>>;
  /** Lines of its own, each with what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  /** Text below the options in its help. */
  readonly notes?: string;
  /** True where the line goes on with a command for the container, which is not conmonctl's to read. */
  readonly takesCommand?: boolean;
  /** Returns the exit status. */
  run(args: CommandArguments, cli: Cli): Promise<number>;
}

/** What was parsed: every option and argument under its name. */
export type CommandArguments = Readonly<Record<string, unknown>>;

/** The words after `--`. */
interface TrailingCommand {
  readonly '--'?: readonly string[];
}

type Arguments<O, P> = InferredOptionTypes<O & P extends Record<string, Options> ? O & P : never> &
  TrailingCommand;

/** Gives `run` the types that follow from the tables of options. */
export function defineCommand<
  const O extends Readonly<Record<string, Options>>,
  const P extends Readonly<Record<string, PositionalOptions>>,
>(
  command: Omit<Command, 'run' | 'options' | 'positionals'> & {
    readonly options: O;
    readonly positionals: P;
    run(args: Arguments<O, P>, cli: Cli): Promise<number>;
  },
): Command {
  return { ...command, run: (args, cli) => command.run(args as Arguments<O, P>, cli) };
}
