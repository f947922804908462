// `npm test`: runs every group of tests that can run on this machine, and ends with a line for each group and each
// test that could not, and what it needs.
//
//   test.ts [--long] [group]...
//
// --long runs the tests that take over two minutes (groups that are long, test/long/, and files named *.long.test.ts)
// instead of the others.
// CONMON_TEST_REQUIRE names groups, separated by spaces, in which nothing may be skipped.

import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { groups, longFolder, type TestGroup } from './test-groups.ts';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

interface GroupResult extends Counts {
  /** The reasons that tests gave for being skipped, and how many tests gave each. */
  readonly reasons: ReadonlyMap<string, number>;
}

/** A file that takes longer hangs: its process is ended and counts as failed. */
const fileTimeoutMs = 10 * 60_000;
const longFileTimeoutMs = 30 * 60_000;
const filesAtOnceMax = 4;

const args = process.argv.slice(2);
const isLong = args.includes('--long');
process.exitCode = await main(args.filter(arg => arg !== '--long'));

async function main(named: string[]): Promise<number> {
  const required = (process.env['CONMON_TEST_REQUIRE'] ?? '').split(' ').filter(name => name !== '');
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
    const isRequired = required.includes(group.name);
    const files = findFiles(group);
    if (files.length === 0 && !isRequired && !named.includes(group.name)) continue;
    const missing = files.length === 0 ? `test files in ${group.folder}` : await group.needs();
    if (missing === undefined) {
      const result = await runGroup(group, files);
      for (const fault of group.findFaults?.() ?? []) {
        result.failed++;
        closing.push(`FAILED  ${group.name}: ${fault}`);
      }
      for (const [reason, count] of result.reasons) {
        const fails = isRequired && !group.excuses?.includes(reason);
        result.failed += fails ? count : 0;
        result.skipped -= fails ? count : 0;
        closing.push(`${fails ? 'FAILED ' : 'skipped'} ${group.name}, ${count} of its tests: ${reason}`);
      }
      add(total, result);
    } else if (isRequired) {
      total.failed++;
      closing.push(`FAILED  ${group.name}: may not be skipped here, and needs ${missing}`);
    } else {
      total.skipped++;
      closing.push(`skipped ${group.name}, all of it (${files.length} files): needs ${missing}`);
    }
  }
  console.log();
  for (const line of closing) console.log(line);
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed > 0 ? 1 : 0;
}

function findFiles(group: TestGroup): string[] {
  return globSync(`${group.folder}/**/*.test.ts`)
    .filter(
      file =>
        (group.isLong || file.endsWith('.long.test.ts') || file.startsWith(`${longFolder}/`)) === isLong,
    )
    .sort();
}

async function runGroup(group: TestGroup, files: string[]): Promise<GroupResult> {
  console.log(`\n==> ${group.name}: ${group.about}`);
  const reasons = new Map<string, number>();
  const result = { passed: 0, failed: 0, skipped: 0, reasons };
  const events = run({
    files,
    concurrency: Math.min(group.filesAtOnce ?? availableParallelism(), filesAtOnceMax),
    timeout: isLong ? longFileTimeoutMs : fileTimeoutMs,
    env: { ...process.env, ...group.env },
  });
  events.on('test:pass', ({ skip }) => {
    if (skip === undefined || skip === false) return;
    const reason = typeof skip === 'string' ? skip : 'no reason is given';
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  });
  events.on('test:summary', ({ file, success, counts: seen }) => {
    if (file !== undefined) return;
    result.passed = seen.passed;
    result.skipped = seen.skipped + seen.todo;
    result.failed = Math.max(seen.tests - result.passed - result.skipped, success ? 0 : 1);
  });
  const report = events.compose(spec);
  for await (const text of report) process.stdout.write(text);
  return result;
}

function add(total: Counts, more: Counts): void {
  total.passed += more.passed;
  total.failed += more.failed;
  total.skipped += more.skipped;
}
