// The fifos ctl and winsz, and the terminal's size.

import { waitForFile, waitUntil } from '../../fixtures/waiting.ts';
import { makeOciContainer } from '../oci-runtime.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';

/** The terminal's size after `text` on a fifo: `wanted`. What is ignored leaves 33 by 44. */
async function playLine(
  stage: Stage,
  text: string,
  wanted: string,
  fifo: 'ctl' | 'winsz' = 'ctl',
): Promise<void> {
  const container = await makeOciContainer(stage, {
    args: ['/bin/sh', '-c', 'stty -echo; while read x; do stty size; done'],
    terminal: true,
  });
  // The log tells how often the size was asked for.
  const run = stage.start({ args: ['-t', '-i'], options: { ...container.options, '-l': 'none' } });
  run.launched();
  run.answer();
  const client = run.attach();
  container.start();
  const size = () => {
    client.send('\n');
    let text = '';
    while (!text.includes('\n')) text += String(client.receive()?.data ?? '\n');
    return text.trim();
  };
  const reaches = (expected: string) => {
    try {
      waitUntil(() => size() === expected, expected, reachMs);
      return 'yes';
    } catch {
      return 'no';
    }
  };
  stage.command('ctl', '1 33 44\n');
  stage.note('it was 33 44', reaches('33 44'));
  stage.command(fifo, text);
  stage.note(`it was ${wanted}`, reaches(wanted));
  // The line after one that was ignored counts.
  stage.command('ctl', '1 13 14\n');
  stage.note('it was 13 14', reaches('13 14'));
  client.close();
  container.kill('KILL');
  run.end();
}

/** How long a size may take to be there; one that was ignored never is. */
const reachMs = 1500;

const line = (name: string, text: string, wanted = '33 44'): Scenario => ({
  name: `control/${name}`,
  needs: 'terminals',
  play: stage => playLine(stage, text, wanted),
});

export const control: readonly Scenario[] = [
  line('resize', '1 2 3\n', '2 3'),
  line('four-fields', '1 2 3 4\n', '2 3'),
  line('leading-zeros', '1 0010 0020\n', '10 20'),
  line('largest', '1 1000 1000\n', '1000 1000'),
  line('zero', '1 0 0\n', 'stty: standard input'),
  line('signs-and-spaces', ' 1\t+7  8\n', '7 8'),
  { ...line('negative', '1 -1 -1\n'), since: '2.2' },
  { ...line('too-high', '1 1001 1000\n'), since: '2.2' },
  { ...line('too-wide', '1 1000 1001\n'), since: '2.2' },
  { ...line('much-too-large', '1 100000 100000\n'), since: '2.2' },
  line('two-fields', '1 2\n'),
  line('one-field', '1\n'),
  line('word', 'foo\n'),
  line('unknown-type-alone', '999\n'),
  line('unknown-type', '999 2 2\n'),
  line('fraction', '1 10.5 20.3\n'),
  line('hexadecimal', '1 0x10 0x20\n'),
  line('trailing-letter', '1 2 3x\n', '2 3'),
  line('hexadecimal-columns', '1 2 0x10\n', '2 80'),
  line('empty-line', '\n'),
  {
    name: 'control/before-the-terminal',
    since: '2.2',
    needs: 'terminals',
    play: async stage => {
      const container = await makeOciContainer(stage, {
        args: ['/bin/sh', '-c', 'stty size; exit 0'],
        terminal: true,
      });
      const run = stage.start({ args: ['-t'], options: container.options });
      run.launched();
      waitForFile(stage.at('bundle/winsz')); // ctl has a reader by then
      stage.command('ctl', '1 9 9\n1 11 22\n');
      run.answer();
      const client = run.attach();
      container.start();
      stage.note('terminal', String(client.receiveAll().stdout));
      client.close();
      run.end();
    },
  },
  {
    name: 'control/nobody-resized',
    needs: 'terminals',
    play: async stage => {
      const container = await makeOciContainer(stage, {
        args: ['/bin/sh', '-c', 'stty size'],
        terminal: true,
      });
      const run = stage.start({ args: ['-t'], options: container.options });
      run.launched();
      run.answer();
      container.start();
      run.end();
    },
  },
  {
    name: 'control/winsz',
    needs: 'terminals',
    play: stage => playLine(stage, '5 6\n', '5 6', 'winsz'),
  },
  {
    name: 'control/winsz-with-three-fields',
    needs: 'terminals',
    play: stage => playLine(stage, '7 8 9\n', '7 8', 'winsz'),
  },
  {
    name: 'control/winsz-too-high',
    since: '2.2',
    needs: 'terminals',
    play: stage => playLine(stage, '1001 8\n', '33 44', 'winsz'),
  },
  {
    name: 'control/several-lines-at-once',
    since: '2.2',
    needs: 'terminals',
    play: stage => playLine(stage, '1 2 3\n1 4 5\n', '4 5'),
  },
  {
    name: 'control/a-bad-line-among-good-ones',
    needs: 'terminals',
    play: stage => playLine(stage, '1 2 3\nfoo\n1 4 5\n', '4 5'),
  },
  {
    name: 'control/line-too-long',
    needs: 'terminals',
    play: stage => playLine(stage, `1 2 3 ${'x'.repeat(300)}\n`, '33 44'),
  },
  {
    name: 'control/64-KiB-of-junk',
    needs: 'terminals',
    play: stage => playLine(stage, `1 2 2\n${'x'.repeat(65_529)}\n`, '2 2'),
  },
  {
    name: 'control/without-a-terminal',
    play: stage => {
      stage.makeGate('gate');
      const run = stage.start({ container: 'read x <"$DIR/gate"; echo on' });
      run.launched();
      run.answer();
      stage.command('ctl', '1 2 2\n');
      stage.command('winsz', '2 2\n');
      stage.openGate('gate');
      run.end();
    },
  },
  {
    name: 'control/fifos-are-replaced',
    play: stage => {
      for (const name of ['ctl', 'winsz']) stage.makeGate(`bundle/${name}`);
      stage.play();
    },
  },
  {
    name: 'control/a-file-is-in-the-way',
    play: stage => {
      stage.write('bundle/ctl', 'precious\n');
      stage.play();
    },
  },
];
