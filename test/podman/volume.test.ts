import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { assertSameText } from './harness/assert-same-text.ts';
import { underEachConmon } from './harness/under-each-conmon.ts';

/** What `seq 1 N | head -c 700000` writes; dd with a block size of 1 then writes it one byte a call. */
const byteCount = 700_000;
const oneByteWrites = `seq 1 200000 | head -c ${byteCount} | dd bs=1 2>/dev/null`;
const written = Array.from({ length: 200_000 }, (_, i) => `${i + 1}\n`)
  .join('')
  .slice(0, byteCount);

underEachConmon('volume', podman => {
  test('700,000 one-byte writes: all arrive in the foreground and all are in the log', async () => {
    const { exitCode, stdout } = await podman().call([
      'run',
      '--name',
      'dripping',
      'box',
      'sh',
      '-c',
      oneByteWrites,
    ]);
    assert.equal(exitCode, 0);
    assertSameText(stdout, written);
    assertSameText((await podman().call(['logs', 'dripping'])).stdout, written);
  });

  test('700,000 one-byte writes without a newline: all arrive in the foreground and all are in the log', async () => {
    const script = `dd if=/dev/zero bs=1 count=${byteCount} 2>/dev/null`;
    const { exitCode, stdout } = await podman().callForBytes([
      'run',
      '--name',
      'dripping',
      'box',
      'sh',
      '-c',
      script,
    ]);
    assert.equal(exitCode, 0);
    assert.ok(Buffer.alloc(byteCount).equals(stdout), `${stdout.length} bytes`);
    // The log may end the unfinished line, and podman logs shows that newline.
    const logged = Buffer.from((await podman().callForBytes(['logs', 'dripping'])).stdout);
    assert.ok(Buffer.alloc(byteCount).equals(logged.subarray(0, byteCount)), `${logged.length} bytes`);
    assert.ok(['', '\n'].includes(logged.toString('latin1', byteCount)), `${logged.length} bytes`);
  });

  test('700,000 one-byte writes at a terminal: all are in the log', async () => {
    await podman().runDetached(
      '--name',
      'dripping',
      '-t',
      'box',
      'sh',
      '-c',
      `stty -opost; ${oneByteWrites}`,
    );
    assert.equal(await podman().ok('wait', 'dripping'), '0');
    assertSameText((await podman().call(['logs', 'dripping'])).stdout.replaceAll('\r\n', '\n'), written);
  });

  test('30 MB written at full speed arrive in the foreground, and the log has them too', async () => {
    const script = 'yes 0123456789012345678901234567890123456789012345678901234 | head -c 30000000';
    const { exitCode, stdout } = await podman().call(['run', '--name', 'pouring', 'box', 'sh', '-c', script]);
    assert.equal(exitCode, 0);
    const expected = '0123456789012345678901234567890123456789012345678901234\n'
      .repeat(600_000)
      .slice(0, 30_000_000);
    assert.equal(digest(stdout), digest(expected));
    assert.equal(
      digest((await podman().call(['logs', 'pouring'])).stdout.slice(0, expected.length)),
      digest(expected),
    );
  });

  test('standard output and standard error, 100,000 lines each at once: none is lost or torn', async () => {
    const { stdout, stderr } = await podman().call([
      'run',
      '--rm',
      'box',
      'sh',
      '-c',
      'seq 1 100000 >&2 & seq 1 100000; wait',
    ]);
    const expected = `${Array.from({ length: 100_000 }, (_, i) => i + 1).join('\n')}\n`;
    assertSameText(stdout, expected);
    assertSameText(stderr, expected);
  });
});

const digest = (text: string) => createHash('sha256').update(text).digest('hex');
