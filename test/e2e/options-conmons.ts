// The two programs that the tests of options compare, and how they run them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { findInPath } from '../../src/manager/executables.ts';

export { conmon as ours } from '../fixtures/conmon.ts';

/** C conmon: CONMON_C, or the one in PATH; undefined where there is none. */
export const theirs = process.env['CONMON_C'] ?? findInPath('conmon');

const runTimeoutMs = 20_000;

/** Status and words. Where the words go, and what stands before them, differs between versions of C conmon. */
export function say(
  conmon: string,
  args: readonly string[],
  locale: Record<string, string> = { LC_ALL: 'C.UTF-8' },
) {
  const { status, stdout, stderr, error } = spawnSync(conmon, args, {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...locale },
    timeout: runTimeoutMs,
  });
  assert.ifError(error);
  return { status, text: (stdout + stderr).replaceAll(/^\[conmon:e\]:? /gm, '') };
}

/** What a runtime sees that does nothing but note its arguments. */
export function runtimeArguments(conmon: string, folder: string, args: readonly string[]): string[] {
  const runtime = join(folder, 'runtime');
  const noted = join(folder, 'noted');
  writeFileSync(
    runtime,
    '#!/bin/sh\nprintf \'%s\\0\' "$0" "$@" > "$NOTED.new" && mv "$NOTED.new" "$NOTED"\n',
    { mode: 0o755 },
  );
  rmSync(noted, { force: true });
  const all = ['--sync', '-c', 'id', '-u', 'uuid', '-l', 'off', '--socket-dir-path', folder, '-r', runtime];
  const { error } = spawnSync(conmon, [...all, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', NOTED: noted },
    timeout: runTimeoutMs,
  });
  assert.ifError(error);
  assert.ok(existsSync(noted), `${conmon} calls its runtime with ${JSON.stringify(args)}`);
  return readFileSync(noted, 'utf8').split('\0').slice(0, -1);
}

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'conmon-options-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}
