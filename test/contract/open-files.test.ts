import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { listOpenFiles } from '../fixtures/open-files.ts';
import { waitUntil } from '../fixtures/waiting.ts';

test('open files of a process that closes some meanwhile: the others are listed, and nothing fails', t => {
  const child = spawn('sh', ['-c', 'while :; do exec 5</dev/null 6<&5 7<&5; exec 5<&- 6<&- 7<&-; done']);
  t.after(() => child.kill('SIGKILL'));
  const counts = new Set<number>();
  const look = () => counts.add(listOpenFiles(child.pid!).length);
  waitUntil(() => look().size > 1, 'files that are opened and closed');
  for (let i = 0; i < 3000; i++) look();
  assert.ok(Math.min(...counts) >= 3, `its stdio is not listed: ${[...counts]}`);
});
