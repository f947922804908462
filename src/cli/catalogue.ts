// The subcommands: what `conmonctl --help` says of each, and where it is.

import type { Command } from './command.ts';

/** A subcommand that need not be loaded yet. */
export interface CatalogueEntry {
  /** Name and arguments, in yargs' notation. */
  readonly signature: string;
  readonly aliases: readonly string[];
  readonly about: string;
  /** True where an argument is the ID of a container, for completion. */
  readonly takesId: boolean;
  load(): Promise<{ readonly command: Command }>;
}

export const catalogue: Readonly<Record<string, CatalogueEntry>> = {
  run: {
    signature: 'run <bundle>',
    aliases: [],
    about: 'Create a container, start it and see it through',
    takesId: false,
    load: () => import('./commands/run.ts'),
  },
  create: {
    signature: 'create <bundle>',
    aliases: [],
    about: 'Create a container that waits to be started',
    takesId: false,
    load: () => import('./commands/create.ts'),
  },
  start: {
    signature: 'start <ids..>',
    aliases: [],
    about: 'Start created containers',
    takesId: true,
    load: () => import('./commands/start.ts'),
  },
  exec: {
    signature: 'exec <id>',
    aliases: [],
    about: 'Run a command in a running container',
    takesId: true,
    load: () => import('./commands/exec.ts'),
  },
  attach: {
    signature: 'attach <id>',
    aliases: [],
    about: 'Connect this terminal to a container',
    takesId: true,
    load: () => import('./commands/attach.ts'),
  },
  logs: {
    signature: 'logs <id>',
    aliases: [],
    about: 'Show what a container has written',
    takesId: true,
    load: () => import('./commands/logs.ts'),
  },
  stop: {
    signature: 'stop <ids..>',
    aliases: [],
    about: 'Stop containers: their stop signal, then SIGKILL',
    takesId: true,
    load: () => import('./commands/stop.ts'),
  },
  kill: {
    signature: 'kill <ids..>',
    aliases: [],
    about: 'Send a signal to containers',
    takesId: true,
    load: () => import('./commands/kill.ts'),
  },
  pause: {
    signature: 'pause <ids..>',
    aliases: [],
    about: 'Freeze all processes of containers',
    takesId: true,
    load: () => import('./commands/pause.ts'),
  },
  resume: {
    signature: 'resume <ids..>',
    aliases: ['unpause'],
    about: 'Let frozen containers go on',
    takesId: true,
    load: () => import('./commands/resume.ts'),
  },
  delete: {
    signature: 'delete <ids..>',
    aliases: ['rm'],
    about: 'Delete stopped containers',
    takesId: true,
    load: () => import('./commands/delete.ts'),
  },
  state: {
    signature: 'state <id>',
    aliases: ['inspect'],
    about: 'Show all that is known of a container',
    takesId: true,
    load: () => import('./commands/state.ts'),
  },
  wait: {
    signature: 'wait <ids..>',
    aliases: [],
    about: 'Wait for containers to end, and print their exit codes',
    takesId: true,
    load: () => import('./commands/wait.ts'),
  },
  list: {
    signature: 'list',
    aliases: ['ls', 'ps'],
    about: 'List the containers',
    takesId: false,
    load: () => import('./commands/list.ts'),
  },
  events: {
    signature: 'events [ids..]',
    aliases: [],
    about: 'Report containers that start, exit, run out of memory or are deleted',
    takesId: true,
    load: () => import('./commands/events.ts'),
  },
  version: {
    signature: 'version',
    aliases: [],
    about: 'Show the versions of conmonctl, the monitor and the runtime',
    takesId: false,
    load: () => import('./commands/version.ts'),
  },
  doctor: {
    signature: 'doctor',
    aliases: [],
    about: 'Check whether this machine can run containers, and say what to do',
    takesId: false,
    load: () => import('./commands/doctor.ts'),
  },
};

/** The name of the subcommand that `word` calls. */
export function findCommand(word: string): string | undefined {
  if (Object.hasOwn(catalogue, word)) return word;
  return Object.keys(catalogue).find(name => catalogue[name]!.aliases.includes(word));
}
