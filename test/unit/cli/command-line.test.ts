import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { catalogue } from '../../../src/cli/catalogue.ts';
import { parseLine } from '../../../src/cli/command-line.ts';
import { separateCommand } from '../../../src/cli/separate-command.ts';

const options = {
  env: { alias: 'e', type: 'string', array: true },
  tty: { alias: 't', type: 'boolean' },
  interactive: { alias: 'i', type: 'boolean' },
} as const;

const separate = (line: string) => separateCommand(line.split(' '), options).join(' ');

it('separateCommand: -- comes before the second word that is no option’s', () => {
  assert.equal(separate('web ls -l'), 'web -- ls -l');
  assert.equal(separate('-it web sh -c x'), '-it web -- sh -c x');
  assert.equal(separate('-e A=1 web ls'), '-e A=1 web -- ls');
  assert.equal(separate('-ie A=1 web ls'), '-ie A=1 web -- ls');
  assert.equal(separate('--env A=1 --env=B=2 -eC=3 web ls'), '--env A=1 --env=B=2 -eC=3 web -- ls');
  assert.equal(separate('--tty web - x'), '--tty web -- - x');
  assert.equal(separate('web -t ls -t'), 'web -t -- ls -t');
});

it('separateCommand: a line with -- is left as it is, and so is one without a command', () => {
  for (const line of ['web -- ls', '-it web -- sh -c x', 'web', '-it web', '-e A=1 web'])
    assert.equal(separate(line), line);
});

it('separateCommand: whatever the words, at most one -- is added and nothing else changes', () => {
  const word = fc.constantFrom('-it', '-e', '--env', '--env=A', '-', '--', 'web', 'ls', '--tty', '-x', '');
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), words => {
      const result = separateCommand(words, options);
      if (result.length === words.length) return assert.deepEqual(result, words);
      const at = result.indexOf('--');
      assert.deepEqual([...result.slice(0, at), ...result.slice(at + 1)], words);
    }),
  );
});

it('parseLine: options of one kind add up, others count last; the command is untouched', async () => {
  const words = [
    'exec',
    '--root',
    '/a',
    '-e',
    'A=1',
    '-e',
    'B=2',
    '--root',
    '/b',
    'web',
    'ls',
    '--root',
    '5',
    '05',
  ];
  const line = await parseLine(words, '0');
  assert.equal(line?.name, 'exec');
  assert.deepEqual(line?.args['env'], ['A=1', 'B=2']);
  assert.equal(line?.args['root'], '/b');
  assert.equal(line?.args['id'], 'web');
  assert.deepEqual(line?.args['--'], ['ls', '--root', '5', '05']);
});

it('parseLine: several IDs, numbers among them, stay what they are', async () => {
  const line = await parseLine(['stop', 'a', '007', '1e3'], '0');
  assert.deepEqual(line?.args['ids'], ['a', '007', '1e3']);
});

it('parseLine: an alias calls its subcommand', async () => {
  assert.equal((await parseLine(['rm', 'a'], '0'))?.name, 'delete');
});

it('parseLine: what can’t be right is refused', async () => {
  for (const line of [
    '',
    'nothing',
    'stop',
    'stop --nothing a',
    'logs a b',
    'run',
    'wait --condition gone a',
    'list --root',
  ])
    await assert.rejects(parseLine(line.split(' ').filter(Boolean), '0'), { name: 'UsageError' }, line);
});

it('catalogue: every subcommand has a file with an example, and describes each of its options', async () => {
  for (const [name, entry] of Object.entries(catalogue)) {
    const { command } = await entry.load();
    assert.ok(command.examples.length > 0, name);
    for (const [line] of command.examples) assert.match(line, new RegExp(`^\\$0 .*\\b${name}\\b`));
    for (const [option, { describe }] of Object.entries({ ...command.options, ...command.positionals }))
      assert.ok(describe, `${name} ${option}`);
    const named = [...entry.signature.matchAll(/[<[](\w+)/g)].map(([, word]) => word);
    assert.deepEqual(Object.keys(command.positionals), named, name);
  }
});

it('parseLine: what is missing or too much is named in plain words', async () => {
  const cases = {
    stop: 'an argument is missing',
    'logs a b': 'Unknown argument: b',
    nothing: 'Unknown command: nothing',
  };
  for (const [line, message] of Object.entries(cases))
    await assert.rejects(parseLine(line.split(' '), '0'), { message });
});
