// What links a container to the host: sd-notify, the caller's own stdio, the journal, syslog.

import { closeSync, mkdirSync, openSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from '../../../src/sys/constants.ts';
import { sys } from '../../../src/sys/real.ts';
import { openPrivateMounts } from '../../fixtures/private-mounts.ts';
import { must } from '../../fixtures/waiting.ts';
import { openJournal } from '../journal.ts';
import type { RunOptions } from '../run.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';
import { viewBytes } from '../views.ts';

/** The container sends each text as a message to its notify socket; what arrives at the service manager's is noted. */
function playNotify(stage: Stage, messages: readonly string[]): void {
  mkdirSync(stage.at('bundle/notify'));
  const host = must(sys.socket(SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK), 'socket');
  must(sys.bind(host, stage.at('host.sock')), 'bind');
  const sends = messages.map(message => `send(S, ${message}, 0, $to);`).join(' ');
  const run = stage.start({
    args: ['--sdnotify-socket', stage.at('host.sock')],
    // conmon reads them one by one: it is given the time.
    container: `exec perl -MSocket -e '
      socket(S, AF_UNIX, SOCK_DGRAM, 0);
      my $to = sockaddr_un("$ENV{DIR}/bundle/notify/notify.sock");
      ${sends}
      select undef, undef, undef, 0.5'`,
  });
  run.end();
  const received: string[] = [];
  const buf = Buffer.alloc(64 * 1024);
  for (let count = 1; count > 0; ) {
    count = sys.recv(host, buf, 0, buf.length, 0);
    if (count > 0) received.push(`message:\n${viewBytes(buf.toString('latin1', 0, count))}`);
  }
  sys.close(host);
  stage.note('received', received.join('\n'));
}

const notify = (name: string, ...messages: string[]): Scenario => ({
  name: `notify/${name}`,
  play: stage => playNotify(stage, messages),
});

/** A journal of our own; what the container prints, each part when the one before is in the journal, and in which
 * fields. */
const journald = (
  name: string,
  container: string | readonly string[],
  args: readonly string[] = [],
  more: RunOptions = {},
): Scenario => ({
  name: `journald/${name}`,
  needs: 'journald',
  play: async stage => {
    const journal = await openJournal(stage);
    const id = journal.nextId();
    await stage.playParts([container].flat(), async printed => (await journal.count(id)) >= printed, {
      ...more,
      before: journal.enter,
      options: { '-l': 'journald', '-c': id, ...more.options },
      args: ['--sync', ...args],
    });
    stage.note('journal', await journal.view(id));
  },
});

/** What the monitor says when nobody reads its stderr any more. */
const syslog = (name: string, options: (stage: Stage) => RunOptions): Scenario => ({
  name: `syslog/${name}`,
  needs: 'mounts',
  play: stage => {
    const mounts = openPrivateMounts({ after: stage.onClose.bind(stage) } as unknown as TestContext);
    const run = options(stage);
    stage.play({ ...run, before: mounts.enter, args: [...(run.args ?? []), '--syslog'] });
    const messages = mounts
      .readSyslog()
      .map(text => text.replace(/^<(\d+)>\w{3} [ \d]\d [\d:]{8} /, '<$1>TIME '));
    stage.note('syslog', messages.map(text => text.replace(/\n$/, '')).join('\n'));
  },
});

const passthrough = (name: string, options: RunOptions): Scenario => ({
  name: `passthrough/${name}`,
  play: stage => {
    stage.write('in', 'from the caller\n');
    const stdio = [
      openSync(stage.at('in'), 'r'),
      openSync(stage.at('out'), 'a'),
      openSync(stage.at('err'), 'a'),
    ] as const;
    const run = stage.start({
      ...options,
      stdio: [...stdio],
      options: { '-l': 'passthrough', ...options.options },
    });
    for (const fd of stdio) closeSync(fd);
    run.end();
    stage.noteFile('out');
    stage.noteFile('err');
  },
});

export const links: readonly Scenario[] = [
  notify('ready', '"READY=1"'),
  {
    ...notify(
      'all-that-passes',
      '"READY=1\\nRELOADING=1\\nSTOPPING=1\\nWATCHDOG=1\\nWATCHDOG=trigger\\nSTATUS=up\\nERRNO=2\\nBUSERROR=x\\nMONOTONIC_USEC=5"',
    ),
    since: '2.2',
  },
  {
    ...notify(
      'what-does-not-pass',
      '"MAINPID=1"',
      '"FDSTORE=1\\nFDNAME=x"',
      '"READY=0"',
      '" READY=1"',
      '"BARRIER=1"',
    ),
    since: '2.2',
  },
  { ...notify('some-lines-pass', '"MAINPID=1\\nREADY=1\\nNOTIFYACCESS=all\\nSTATUS=x"'), since: '2.2' },
  {
    ...notify('several-messages', '"READY=1"', '"STATUS=one"', '"STATUS=two\\n"', '"STOPPING=1"'),
    since: '2.2',
  },
  { ...notify('newline-and-return', '"READY=1\\r\\nSTATUS=x\\n\\n"'), since: '2.2' },
  notify('nul', '"READY=1\\0MAINPID=1\\nSTATUS=x"'),
  { ...notify('status-with-bytes', '"STATUS=\\xff\\t="'), since: '2.2' },
  notify('empty-message', '""', '"READY=1"'),
  passthrough('both-streams', { container: 'cat; echo out; echo err >&2; exit 3' }),
  passthrough('with-colon', { container: 'echo out', options: { '-l': 'passthrough:' } }),
  passthrough('exec', {
    container: 'echo out; exit 3',
    options: { '-e': true, '--exec-process-spec': '/dev/null' },
  }),
  passthrough('runtime-fails', { runtime: 'runtime-fails' }),
  journald('line', 'echo hello'),
  journald('both-streams', ['echo out', 'echo err >&2']),
  journald('without-name', 'echo hello', [], { options: { '-n': undefined } }),
  journald('tag', 'echo hello', ['--log-tag', 'tag']),
  {
    ...journald('labels', 'echo hello', ['--log-label', 'FOO=bar', '--log-label', 'B_2=', '--log-tag', 't']),
    since: '2.2',
  },
  journald('partial-at-the-end', 'printf abc'),
  journald('parts-of-a-line', ['printf a', 'echo b']),
  journald('8191-bytes', `exec perl -e 'syswrite STDOUT, "x" x 8190 . "\\n"'`),
  journald('8192-bytes', `exec perl -e 'syswrite STDOUT, "x" x 8191 . "\\n"'`),
  journald('8193-bytes', `exec perl -e 'syswrite STDOUT, "x" x 8192 . "\\n"'`),
  journald('20000-bytes', `exec perl -e 'syswrite STDOUT, "x" x 20000 . "\\n"'`),
  { ...journald('no-partial-field', 'printf abc', ['--no-container-partial-message']), since: '2.2' },
  journald('binary', 'printf "a\\000b\\377\\n"'),
  journald('empty-lines', 'printf "\\n\\nx\\n"'),
  journald('priority-prefix', 'echo "<3>hello"; echo "<9>no"; echo "x<3>"', [], {}),
  {
    ...journald('priority-by-prefix', 'echo "<3>hello"', [], { env: { CONMON_JOURNALD_PRIORITY: 'prefix' } }),
    since: '2.2',
  },
  {
    name: 'journald/next-to-a-file',
    needs: 'journald',
    play: async stage => {
      const journal = await openJournal(stage);
      const id = journal.nextId();
      stage.play({
        container: 'echo both',
        before: journal.enter,
        options: { '-l': [stage.at('LOG'), 'journald:'], '-c': id },
        args: ['--sync', '--log-tag', 'tag'],
      });
      stage.noteLog('LOG');
      stage.note('journal', await journal.view(id));
    },
  },
  syslog('runtime-fails', () => ({ runtime: 'runtime-fails' })),
  syslog('runtime-fails-with-tag', () => ({
    runtime: 'runtime-fails',
    options: { '-l': 'none' },
    args: ['--log-tag', 'tag'],
  })),
  syslog('nothing-to-say', () => ({ container: 'exit 1' })),
  syslog('container-fails-info', () => ({ container: 'exit 1', args: ['--log-level', 'info'] })),
  syslog('exit-dir-missing', stage => ({ options: { '--exit-dir': stage.at('missing') } })),
  syslog('refusal', () => ({ options: { '-r': '/nonexistent' } })),
  syslog('bad-control-line', stage => {
    return { container: `echo foo >"${stage.dir}/bundle/ctl"; sleep 0.3` };
  }),
];
