// `npm test`: runs every group of tests that can run on this machine, and ends with a line for each that cannot.
//
//   test.ts [--long] [group]...
//
// --long runs the tests that take over two minutes, named *.long.test.ts, instead of the others.
// CONMON_TEST_REQUIRE names groups, separated by spaces, for which a skip is a failure.

import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { groups, type TestGroup } from './test-groups.ts';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** A file that takes longer hangs: its process is ended and counts as failed. */
const fileTimeoutMs = 10 * 60_000;
const longFileTimeoutMs = 30 * 60_000;
const filesAtOnceMax = 4;

const args = process.argv.slice(2);
const isLong = args.includes('--long');
process.exitCode = await main(args.filter(arg => arg !== '--long'));

async function main(named: string[]): Promise<number> {
  const required = (process.env.CONMON_TEST_REQUIRE ?? '').split(' ').filter(name => name !== '');
  const unknown = [...named, ...required].filter(name => !groups.some(group => group.name === name));
  if (unknown.length > 0) {
    console.error(
      `There is no test group named ${unknown.join(', ')}. Groups: ${groups.map(group => group.name).join(', ')}.`,
    );
    return 2;
  }

  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  const closing: string[] = [];
  for (const group of groups.filter(({ name }) => named.length === 0 || named.includes(name))) {
    const files = findFiles(group);
    if (files.length === 0 && !required.includes(group.name)) continue;
    const missing = files.length === 0 ? `test files in ${group.folder}` : await group.needs();
    if (missing === undefined) {
      add(total, await runGroup(group, files));
    } else if (required.includes(group.name)) {
      total.failed++;
      closing.push(`FAILED  ${group.name}: is required here, and needs ${missing}`);
    } else {
      total.skipped++;
      closing.push(`skipped ${group.name} (${files.length} files): needs ${missing}`);
    }
  }
  for (const line of closing) console.log(line);
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed > 0 ? 1 : 0;
}

function findFiles(group: TestGroup): string[] {
  return globSync(`${group.folder}/**/*.test.ts`)
    .filter(file => file.endsWith('.long.test.ts') === isLong)
    .sort();
}

async function runGroup(group: TestGroup, files: string[]): Promise<Counts> {
  console.log(`\n==> ${group.name}: ${group.about}`);
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  const events = run({
    files,
    concurrency: Math.min(group.filesAtOnce ?? availableParallelism(), filesAtOnceMax),
    timeout: isLong ? longFileTimeoutMs : fileTimeoutMs,
    env: { ...process.env, ...group.env },
  });
  events.on('test:summary', ({ file, success, counts: seen }) => {
    if (file !== undefined) return;
    counts.passed = seen.passed;
    counts.skipped = seen.skipped + seen.todo;
    counts.failed = Math.max(seen.tests - counts.passed - counts.skipped, success ? 0 : 1);
  });
  const report = events.compose(spec);
  for await (const text of report) process.stdout.write(text);
  return counts;
}

function add(total: Counts, more: Counts): void {
  total.passed += more.passed;
  total.failed += more.failed;
  total.skipped += more.skipped;
}
