// Words to a subcommand and its arguments. Only what the words may mean is loaded.

import yargs, { type Argv, type Options } from 'yargs';
import { findWorkingDirectory } from '../manager/working-directory.ts';
import { type CatalogueEntry, catalogue, findCommand } from './catalogue.ts';
import type { Command, CommandArguments } from './command.ts';
import { completeIds } from './complete-ids.ts';
import { globalOptions } from './global-options.ts';
import { separateCommand } from './separate-command.ts';
import { UsageError } from './usage-error.ts';

/** What is to be done. */
export interface ParsedLine {
  readonly name: string;
  readonly command: Command;
  readonly args: CommandArguments;
}

const helpColumnsMax = 110;

/** Parses the words after the program's name. Returns `undefined` where help, the version or a completion was asked
 * for, and printed. Throws {@link UsageError}. */
export async function parseLine(words: readonly string[], version: string): Promise<ParsedLine | undefined> {
  const loaded = await loadCommands(words);
  const name = calledCommand(words);
  let parsed: ParsedLine | undefined;
  const parser = yargs([...separate(words, name, loaded)], findWorkingDirectory())
    .scriptName('conmonctl')
    .usage('conmonctl runs containers: OCI bundles, each under a monitor of its own (conmon)')
    .usage('\nUsage: $0 [options] COMMAND …')
    .parserConfiguration(parserSettings)
    .locale('en')
    .options(globalOptions)
    .group(Object.keys(globalOptions), 'Options of every command:')
    .version(version)
    .help()
    .alias('help', 'h')
    .strict()
    .strictCommands()
    .demandCommand(1, 'which command?')
    .recommendCommands()
    .exitProcess(false)
    .showHelpOnFail(false)
    .wrap(Math.min(process.stdout.columns ?? helpColumnsMax, helpColumnsMax))
    .epilogue('`conmonctl COMMAND --help` tells of one command. The manual is docs/conmonctl.md.')
    .completion('completion', 'Print a script that completes command lines in bash or zsh', completeIds)
    .fail((message, error) => {
      throw error instanceof UsageError
        ? error
        : new UsageError(plainer(message ?? error.message, name), { command: name, cause: error });
    });
  for (const [entryName, entry] of Object.entries(catalogue)) {
    const command = loaded.get(entryName);
    parser.command(
      [entry.signature, ...entry.aliases],
      entry.about,
      builder => (command ? addCommand(builder, command, entry) : builder),
      args => {
        if (command) parsed = { name: entryName, command, args: keepLast(args, command) };
      },
    );
  }
  if (words[0] === completionSwitch) {
    for (const found of await parser.getCompletion(words.slice(1))) process.stdout.write(`${found}\n`);
    return undefined;
  }
  await parser.parseAsync();
  return parsed;
}

/** What the shell's script calls, before the words so far; yargs would go on to judge them. */
const completionSwitch = '--get-yargs-completions';

const parserSettings = {
  'boolean-negation': true,
  'camel-case-expansion': false,
  'dot-notation': false,
  'greedy-arrays': false,
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'populate--': true,
};

/** yargs' words, where there are better ones. */
function plainer(message: string, name: string | undefined): string {
  if (message.startsWith('Not enough non-option arguments')) return 'an argument is missing';
  return name === undefined ? message : message.replace(/^Unknown command/, 'Unknown argument');
}

async function loadCommands(words: readonly string[]): Promise<Map<string, Command>> {
  const names = new Set(words.map(findCommand).filter(name => name !== undefined));
  const modules = [...names].map(async name => [name, (await catalogue[name]!.load()).command] as const);
  return new Map(await Promise.all(modules));
}

/** The first word that calls a subcommand. An option's value may look like one: for messages only. */
function calledCommand(words: readonly string[]): string | undefined {
  const end = words.indexOf('--');
  return words
    .slice(0, end < 0 ? words.length : end)
    .map(findCommand)
    .find(name => name !== undefined);
}

/** Ends conmonctl's own words where the container's begin. */
function separate(
  words: readonly string[],
  name: string | undefined,
  loaded: ReadonlyMap<string, Command>,
): readonly string[] {
  const command = name === undefined ? undefined : loaded.get(name);
  if (!command?.takesCommand) return words;
  const at = words.findIndex(word => findCommand(word) === name) + 1;
  const options = { ...globalOptions, ...command.options };
  return [...words.slice(0, at), ...separateCommand(words.slice(at), options)];
}

/** Of an option that is given twice the last one counts, unless it is a list. */
function keepLast(args: CommandArguments, command: Command): CommandArguments {
  const tables: Readonly<Record<string, Options>> = {
    ...globalOptions,
    ...command.options,
    ...command.positionals,
  };
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => {
      const isOne = Object.hasOwn(tables, name) && tables[name]?.array !== true;
      return [name, isOne && Array.isArray(value) ? value.at(-1) : value];
    }),
  );
}

function addCommand(builder: Argv, command: Command, { signature, about }: CatalogueEntry): Argv {
  const rest = command.takesCommand ? ' [--] [COMMAND [ARGUMENT…]]' : '';
  builder.usage(`Usage: $0 [options] ${signature}${rest}\n\n${about}.`);
  for (const [name, positional] of Object.entries(command.positionals)) builder.positional(name, positional);
  builder.options(command.options).group([...Object.keys(command.options), 'help'], 'Options:');
  for (const [line, does] of command.examples) builder.example(line, does);
  return command.notes === undefined ? builder : builder.epilogue(command.notes);
}
