// The part of yargs that is used here, with its types; loaded when it is needed.

export interface OptionTable {
  readonly [name: string]: {
    readonly alias?: string;
    readonly type: 'string' | 'boolean' | 'number';
    readonly array?: boolean;
    readonly default?: string | number | boolean;
    readonly defaultDescription?: string;
    readonly requiresArg?: boolean;
    readonly describe: string;
  };
}

/** What was parsed: each option under its name as in the table, and the rest in `_`. */
export interface Parsed {
  readonly [name: string]: unknown;
  readonly _: readonly (string | number)[];
}

interface Parser {
  scriptName(name: string): Parser;
  usage(text: string): Parser;
  epilogue(text: string): Parser;
  parserConfiguration(switches: Readonly<Record<string, boolean>>): Parser;
  options(table: OptionTable): Parser;
  version(version: string | false): Parser;
  help(option: string): Parser;
  alias(name: string, other: string): Parser;
  exitProcess(yes: boolean): Parser;
  showHelpOnFail(yes: boolean): Parser;
  strictOptions(): Parser;
  wrap(columns: number): Parser;
  fail(handler: (message: string | null, error?: Error) => never): Parser;
  parseSync(): Parsed;
}

export async function loadYargs(): Promise<(args: readonly string[]) => Parser> {
  const name: string = 'yargs';
  const module = (await import(name)) as { default: (args: readonly string[]) => Parser };
  return module.default;
}
