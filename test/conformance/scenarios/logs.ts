// What is in the log, and in the log's folder.

import { existsSync, renameSync, statSync, symlinkSync, unlinkSync } from 'node:fs';
import { waitForChange, waitForText } from '../../fixtures/waiting.ts';
import type { RunOptions } from '../run.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';

/** One write(2) for each text; perl's syntax for strings. */
const writes = (...texts: string[]) => `exec perl -e 'syswrite STDOUT, $_ for ${texts.join(', ')}'`;
const record = (count: number) => `(map { sprintf("%099d\\n", $_) } 1 .. ${count})`;
/** All in one write. */
const together = (list: string) => writes(`join("", ${list})`);

/** Waits until the log holds `text`, so that what comes next is not read together with it. */
function waitForLog(stage: Stage, text: string, name = 'LOG'): void {
  waitForText(stage.at(name), text);
}

/** The container prints `one`, and after `between`, `two`; each when the other was logged. */
function playTwoParts(stage: Stage, between: (stage: Stage) => void, options: RunOptions = {}): void {
  stage.makeGate('gate');
  const run = stage.start({
    container: 'echo one; read x <"$DIR/gate"; echo two; echo three >&2',
    ...options,
  });
  run.launched();
  waitForLog(stage, 'one');
  between(stage);
  stage.openGate('gate');
  run.end();
}

/** conmon puts the new file in place by a rename, which a watcher of the folder sees. */
function reopen(stage: Stage, command = '2 0 0\n'): void {
  const inode = () => (existsSync(stage.at('LOG')) ? statSync(stage.at('LOG')).ino : 0);
  const before = inode();
  stage.command('ctl', command);
  waitForChange(stage.dir, () => ![0, before].includes(inode()), 'another log');
}

const playPartsOfALine = (stage: Stage, options: RunOptions = {}) => {
  stage.makeGate('gate');
  const run = stage.start({ container: 'printf one; read x <"$DIR/gate"; printf "two\\n"', ...options });
  run.launched();
  waitForLog(stage, 'one');
  stage.openGate('gate');
  run.end();
};

const file = (
  name: string,
  value: (stage: Stage) => string | readonly string[],
  container = 'echo hi',
): Scenario => ({
  name: `logs/${name}`,
  play: stage => {
    stage.play({ options: { '-l': value(stage) }, container });
    for (const name of ['LOG', 'LOG2', ':LOG', 'journald', 'none', 'LOG:b'])
      if (existsSync(stage.at(name))) stage.noteLog(name);
  },
});

const logs = (name: string, container: string, args: readonly string[] = []): Scenario => ({
  name: `logs/${name}`,
  play: stage => {
    stage.play({ container, args });
    for (const name of ['LOG.1', 'LOG.2', 'LOG.3']) if (existsSync(stage.at(name))) stage.noteLog(name);
  },
});

const since22 = (scenario: Scenario): Scenario => ({ ...scenario, since: '2.2' });

export const logScenarios: readonly Scenario[] = [
  // Which log
  file('path', stage => stage.at('LOG')),
  file('colon-path', stage => `:${stage.at('LOG')}`),
  file('k8s-file', stage => `k8s-file:${stage.at('LOG')}`),
  file('relative', () => 'LOG'),
  file('colon-journald', () => ':journald'),
  file('colon-none', () => ':none'),
  file('path-with-a-colon', stage => `k8s-file:${stage.at('LOG')}:b`),
  ...['none', 'none:', 'off', 'off:', 'null', 'null:', 'none:LOG'].map(name =>
    file(`driver-${name.replace(':', '-colon')}`, () => name),
  ),
  file('none-and-a-file', stage => ['none', stage.at('LOG')]),
  file('two-files', stage => [stage.at('LOG2'), stage.at('LOG')]),
  file('folder-is-missing', stage => stage.at('missing/LOG')),

  // Records
  logs('nothing-printed', ':'),
  {
    name: 'logs/both-streams',
    play: stage =>
      stage.playLoggedParts([
        ['echo out', 'out'],
        ['echo err >&2', 'err'],
      ]),
  },
  logs('empty-lines', writes('"\\n\\na\\n\\n"')),
  logs('no-newline-at-the-end', 'printf abc'),
  logs('line-and-no-newline', writes('"a\\nb"')),
  logs('nul-bytes', writes('"a\\0b\\n\\0\\n"')),
  logs('invalid-utf8', writes('"\\377\\xc3\\n\\xe2\\x82\\n"')),
  logs('control-characters', writes('"\\r\\e[1m\\t\\x01\\n"')),
  { name: 'logs/parts-of-a-line', play: stage => playPartsOfALine(stage) },
  logs('8191-bytes', writes('"x" x 8190 . "\\n"')),
  logs('8192-bytes', writes('"x" x 8191 . "\\n"')),
  logs('8193-bytes', writes('"x" x 8192 . "\\n"')),
  logs('10000-bytes', writes('"x" x 9999 . "\\n"')),
  logs('16384-bytes', writes('"x" x 16384 . "\\n"')),
  logs('20000-bytes-and-no-newline', writes('"x" x 20000')),
  logs('many-lines-at-once', together(record(120))),
  {
    name: 'logs/many-lines-one-by-one',
    play: stage =>
      stage.playLoggedParts(
        [1, 2, 3, 4, 5].map(i => [`printf '%099d\\n' ${i}`, ` ${String(i).padStart(99, '0')}`]),
      ),
  },

  // Limits
  logs('size-limit', together(record(12)), ['--log-size-max', '1000']),
  logs('size-limit-exact', together(record(20)), ['--log-size-max', String(10 * 145)]),
  logs('size-limit-smaller-than-a-record', together(record(3)), ['--log-size-max', '100']),
  logs('size-limit-0', together(record(3)), ['--log-size-max', '0']),
  logs('size-limit-negative', together(record(3)), ['--log-size-max', '-1']),
  logs('global-limit', together(record(12)), ['--log-global-size-max', '1000']),
  logs('global-limit-exact', together(record(12)), ['--log-global-size-max', String(5 * 145)]),
  logs('global-limit-with-a-long-line', writes('"x" x 5000 . "\\n"', '"y\\n"'), [
    '--log-global-size-max',
    '1000',
  ]),
  logs('both-limits', together(record(30)), ['--log-size-max', '500', '--log-global-size-max', '3000']),
  {
    name: 'logs/appended-to',
    play: stage => {
      stage.write('LOG', 'what was there\n', 0o600);
      stage.play({ container: 'echo more' });
    },
  },
  {
    name: 'logs/appended-to-with-limit',
    play: stage => {
      stage.write('LOG', `${'x'.repeat(899)}\n`);
      return stage.playLoggedParts(
        [
          ['echo more', ' F more'],
          ['echo and more', ' F and more'],
          ['echo and still more', ' F and still more'],
        ],
        { args: ['--log-size-max', '1000'] },
      );
    },
  },
  logs('no-sync', 'echo hi', ['--no-sync-log']),

  // Rotation
  ...[1, 2, 3].map(max =>
    since22(
      logs(`rotate-${max}`, together(record(30)), [
        ...['--log-rotate', '--log-size-max', '1000', '--log-max-files', String(max)],
      ]),
    ),
  ),
  since22(logs('rotate-default', together(record(12)), ['--log-rotate', '--log-size-max', '1000'])),
  since22(
    logs('max-files-without-rotate', together(record(12)), [
      '--log-max-files',
      '3',
      '--log-size-max',
      '1000',
    ]),
  ),
  {
    name: 'logs/rotate-in-allowed-folder',
    since: '2.2',
    play: stage => {
      stage.play({
        container: together(record(12)),
        args: ['--log-rotate', '--log-size-max', '1000', '--log-allowlist-dir', stage.dir],
      });
      if (existsSync(stage.at('LOG.1'))) stage.noteLog('LOG.1');
    },
  },
  {
    name: 'logs/rotate-outside-of-allowed-folders',
    since: '2.2',
    play: stage =>
      stage.play({
        container: together(record(12)),
        args: ['--log-rotate', '--log-size-max', '1000', '--log-allowlist-dir', '/nonexistent'],
      }),
  },
  {
    name: 'logs/rotate-a-link',
    since: '2.2',
    play: stage => {
      symlinkSync('target', stage.at('LOG'));
      stage.play({ container: together(record(12)), args: ['--log-rotate', '--log-size-max', '1000'] });
      stage.noteLog('target');
    },
  },
  {
    name: 'logs/rotate-with-a-leftover',
    since: '2.2',
    play: stage => {
      stage.write('LOG.new', 'left behind\n');
      stage.play({ container: together(record(12)), args: ['--log-rotate', '--log-size-max', '1000'] });
      stage.noteFile('LOG.new');
    },
  },

  // Reopening
  {
    name: 'logs/reopen-after-a-move',
    play: stage => {
      playTwoParts(stage, () => {
        renameSync(stage.at('LOG'), stage.at('LOG.old'));
        reopen(stage);
      });
      stage.noteLog('LOG.old');
    },
  },
  {
    name: 'logs/reopen-after-a-delete',
    play: stage =>
      playTwoParts(stage, () => {
        unlinkSync(stage.at('LOG'));
        reopen(stage);
      }),
  },
  { name: 'logs/reopen-in-place', play: stage => playTwoParts(stage, () => reopen(stage, '2 1 1\n')) },
  {
    name: 'logs/reopen-with-rotate',
    since: '2.2',
    play: stage => {
      playTwoParts(stage, () => reopen(stage), { args: ['--log-rotate'] });
      if (existsSync(stage.at('LOG.1'))) stage.noteLog('LOG.1');
    },
  },
];
