// The journald that scenarios share: started by the first of them, in a mount namespace of its own.

import { readlinkSync } from 'node:fs';
import { listChildren } from '../fixtures/monitored.ts';
import { type Entry, Journal } from '../journald/harness/journal.ts';
import type { Stage } from './stage.ts';

let opened: Promise<Journal> | undefined;
let count = 0;

/** journald's own fields, and where libsystemd says the entry was sent. */
const foreign = /^(_|CODE_|__)/;

export async function openJournal(stage: Stage) {
  opened ??= Journal.create().then(async journal => {
    await journal.start();
    return journal;
  });
  const journal = await opened;
  stage.spareChildren();
  const namespace = await findNamespace(journal);
  return {
    /** The command line that runs another one in the journal's namespace. */
    enter: ['/usr/bin/nsenter', `--mount=${namespace}`, '--'],
    /** A container ID that no other scenario has; always of the same length, and shown as ID. */
    nextId: () => {
      const id = `0123456789ab${String(++count).padStart(52, '0')}`;
      stage.mask(id, 'ID');
      return id;
    },
    /** How many entries of a container there are by now. */
    count: async (id: string) => (await journal.entries({ CONTAINER_ID_FULL: id })).length,
    /** A container's entries, with the fields that conmon gave them. */
    async view(id: string): Promise<string> {
      const entries = await journal.entries({ CONTAINER_ID_FULL: id });
      return entries.map(entry => viewEntry(entry, id)).join('\n--\n') || '(no entries)';
    },
  };
}

export async function closeJournal(): Promise<void> {
  await (await opened)?.close();
  opened = undefined;
}

/** The path of the mount namespace, by way of a child of ours that is in it. */
async function findNamespace(journal: Journal): Promise<string> {
  const { stdout } = await journal.run('readlink', ['/proc/self/ns/mnt'], {});
  const path = listChildren()
    .map(([pid]) => `/proc/${pid}/ns/mnt`)
    .find(path => readlinkSync(path) === stdout.trim());
  if (path === undefined) throw new Error('nobody is in the journal’s namespace');
  return path;
}

function viewEntry(entry: Entry, id: string): string {
  return Object.entries(entry)
    .filter(([name]) => !foreign.test(name))
    .map(([name, value]) => `${name}=${viewValue(value === id ? 'ID' : value)}`)
    .sort()
    .join('\n');
}

function viewValue(value: string): string {
  return value.length > 200
    ? `${JSON.stringify(value.slice(0, 20))} and more, ${value.length} in all`
    : JSON.stringify(value);
}
