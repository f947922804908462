// conmonctl at a real terminal.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { IPty } from 'node-pty';
import { withoutTerminals } from '../fixtures/terminals.ts';
import { hangMs, waitForEnd } from '../fixtures/waiting.ts';
import { Ctl, pairings } from './conmonctl-harness.ts';
import { makeShellBundle } from './manager-harness.ts';

/** Not a static import: where the package could not be built, this file is to be skipped and not to fail. */
const nodePty = withoutTerminals ? undefined : await import('node-pty');

for (const pairing of pairings)
  describe(`conmonctl at a terminal, ${pairing.name}`, { skip: withoutTerminals }, () => {
    test('run -it: the container has a terminal of our size, and follows it', async t => {
      const ctl = new Ctl(t, pairing);
      // A shell in a read does not act on a signal that came just before it: so the size is waited for outside.
      const script =
        'trap "sized=1" WINCH; stty size; ' +
        'until [ "$sized" ] && [ "$(stty size)" = "40 100" ]; do sleep 0.1; done; stty size; ' +
        'until [ "$line" = end ]; do read -r line && echo "got $line"; done; stty -opost; printf "a\\nb"';
      const bundle = makeShellBundle(t, script);
      const terminal = new Terminal(ctl.words(['run', '-it', '--rm', '--id', 'typed', bundle]), {
        rows: 31,
        columns: 87,
      });
      await terminal.shows('31 87');
      terminal.resize(40, 100);
      await terminal.shows('40 100');
      terminal.type('one\r');
      await terminal.shows('got one');
      terminal.type('end\r');
      assert.equal(await terminal.exitCode, 0);
      assert.ok(terminal.screen.endsWith('got end\r\na\nb'), JSON.stringify(terminal.screen));
      assert.deepEqual(await ctl.ids(), []);
    });

    test('run -it: the exit code is the container’s, and the terminal is as it was', async t => {
      const ctl = new Ctl(t, pairing);
      const bundle = makeShellBundle(t, 'stty -echo; exit 9');
      const words = ctl.words(['run', '-it', '--rm', bundle]);
      const terminal = new Terminal(['/bin/sh', '-c', keepsSettings, 'sh', ...words]);
      await terminal.shows('status 9 settings same');
      await terminal.exitCode;
    });

    test('run -it: a container that could not be run leaves the terminal as it was', async t => {
      const ctl = new Ctl(t, pairing);
      const words = ctl.words(['run', '-it', '--id', 'none', makeShellBundle(t, ''), '--', '/nowhere']);
      const terminal = new Terminal(['/bin/sh', '-c', keepsSettings, 'sh', ...words]);
      await terminal.shows('status 127 settings same');
      assert.match(terminal.screen, /container none/);
      await terminal.exitCode;
    });

    test('detach keys: we leave, the container stays, and attach takes it up again', async t => {
      const ctl = new Ctl(t, pairing);
      const bundle = makeShellBundle(t, 'while read -r line; do echo "got <$line>"; done; exit 3');
      const words = ctl.words(['run', '-it', '--id', 'stays', '--detach-keys', 'ctrl-a,d', bundle]);
      const first = new Terminal(['/bin/sh', '-c', keepsSettings, 'sh', ...words]);
      first.type('begin\r');
      await first.shows('got <begin>');
      first.type('\x01d');
      await first.shows('status 0 settings same');
      await first.exitCode;
      assert.match(await ctl.must(['list']), /stays +running/);
      const second = new Terminal(ctl.words(['attach', 'stays']));
      second.type('again\r');
      await second.shows('got <again>');
      second.type('\x04');
      assert.equal(await second.exitCode, 3);
    });

    test('run -it: a terminal that is hung up ends conmonctl, and the container that ignores it goes on', async t => {
      const ctl = new Ctl(t, pairing);
      const bundle = makeShellBundle(t, 'trap "" HUP; echo begun; while :; do sleep 0.1; done');
      const terminal = new Terminal(ctl.words(['run', '-it', '--id', 'stays', bundle]));
      await terminal.shows('begun');
      terminal.hangUp();
      waitForEnd(terminal.pid);
      assert.match(await ctl.must(['list']), /stays +running/);
    });

    test('exec -it: a command with a terminal, Ctrl-C among its keys', async t => {
      const ctl = new Ctl(t, pairing);
      await ctl.must(['run', '-d', '--id', 'shown', makeShellBundle(t, 'while :; do sleep 1000; done')]);
      const script = 'trap "echo interrupted; exit 4" INT; stty size; while :; do sleep 0.1; done';
      const terminal = new Terminal(ctl.words(['exec', '-it', 'shown', '/bin/sh', '-c', script]), {
        rows: 22,
        columns: 66,
      });
      await terminal.shows('22 66');
      terminal.type('\x03');
      await terminal.shows('interrupted');
      assert.equal(await terminal.exitCode, 4);
    });

    test('exec -it: the detach keys leave the command, and it runs on', async t => {
      const ctl = new Ctl(t, pairing);
      await ctl.must(['run', '-d', '--id', 'shown', makeShellBundle(t, 'while :; do sleep 1000; done')]);
      const script = 'echo "pid $$"; read -r line; echo "got $line"; exec sleep 1000';
      const words = ctl.words(['exec', '-it', '--detach-keys', 'ctrl-a,d', 'shown', '/bin/sh', '-c', script]);
      const terminal = new Terminal(['/bin/sh', '-c', keepsSettings, 'sh', ...words]);
      await terminal.shows('pid ');
      terminal.type('on\r');
      await terminal.shows('got on');
      terminal.type('\x01d');
      await terminal.shows('status 0 settings same');
      await terminal.exitCode;
      const pid = /pid (\d+)/.exec(terminal.screen)?.[1];
      const still = await ctl.must(['exec', 'shown', '--', '/bin/sh', '-c', `kill -0 ${pid} && echo there`]);
      assert.equal(still.trim(), 'there');
    });
  });

/** Runs its arguments, and says whether the terminal's settings are the same afterwards. */
const keepsSettings =
  'before=$(stty -g); "$@"; status=$?; after=$(stty -g); ' +
  '[ "$before" = "$after" ] && same=same || same=other; echo "status $status settings $same"';

class Terminal {
  screen = '';
  readonly exitCode: Promise<number>;
  readonly #pty: IPty;
  readonly #lookers = new Set<() => void>();

  constructor([file = '', ...args]: readonly string[], { rows = 24, columns = 80 } = {}) {
    assert.ok(nodePty);
    this.#pty = nodePty.spawn(file, args, { rows, cols: columns, env: { ...process.env, TERM: 'xterm' } });
    this.#pty.onData(text => {
      this.screen += text;
      for (const look of this.#lookers) look();
    });
    this.exitCode = new Promise(resolve => {
      this.#pty.onExit(({ exitCode }) => {
        resolve(exitCode);
      });
    });
  }

  type(text: string): void {
    this.#pty.write(text);
  }

  get pid(): number {
    return this.#pty.pid;
  }

  /** Closes the terminal under who sits at it. */
  hangUp(): void {
    (this.#pty as IPty & { destroy(): void }).destroy();
  }

  resize(rows: number, columns: number): void {
    this.#pty.resize(columns, rows);
  }

  /** Waits until the screen has shown `words`. */
  async shows(words: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!this.screen.includes(words)) return;
        clearTimeout(limit);
        this.#lookers.delete(look);
        resolve();
      };
      const limit = setTimeout(
        () => reject(new Error(`waited for ${JSON.stringify(words)} on ${JSON.stringify(this.screen)}`)),
        hangMs,
      );
      this.#lookers.add(look);
      look();
    });
  }
}
