import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  chooseJournaldPriority,
  encodeField,
  encodeFixedFields,
  type JournaldOptions,
  parseJournaldPriority,
  parsePriorityPrefix,
} from '../../../src/logs/journald-fields.ts';
import { Refusal } from '../../../src/sys/errors.ts';
import { decodeEntry } from './decode-entry.ts';

const options: JournaldOptions = {
  cid: '0123456789abcdef0123',
  name: undefined,
  logTag: undefined,
  logLabel: [],
  noContainerPartialMessage: false,
};

const fieldsOf = (more: Partial<JournaldOptions>) =>
  decodeEntry(encodeFixedFields({ ...options, ...more })).map(([name, value]) => `${name}=${value}`);

test('J1 fields: the whole ID and its first 12 characters', () => {
  assert.deepEqual(fieldsOf({}), [
    'CONTAINER_ID_FULL=0123456789abcdef0123',
    'CONTAINER_ID=0123456789ab',
    'SYSLOG_IDENTIFIER=0123456789ab',
  ]);
});

test('J1 fields: name, tag and labels where they are given', () => {
  assert.deepEqual(fieldsOf({ name: 'n', logTag: 't', logLabel: ['FOO=bar', 'A_1='] }), [
    'CONTAINER_ID_FULL=0123456789abcdef0123',
    'CONTAINER_ID=0123456789ab',
    'SYSLOG_IDENTIFIER=t',
    'CONTAINER_TAG=t',
    'CONTAINER_NAME=n',
    'FOO=bar',
    'A_1=',
  ]);
});

test('J2 fields: the identifier is the tag, else the name, else the short ID, even if empty', () => {
  const identifierOf = (more: Partial<JournaldOptions>) =>
    fieldsOf(more).find(field => field.startsWith('SYSLOG_IDENTIFIER='));
  assert.equal(identifierOf({ name: 'n', logTag: 't' }), 'SYSLOG_IDENTIFIER=t');
  assert.equal(identifierOf({ name: 'n' }), 'SYSLOG_IDENTIFIER=n');
  assert.equal(identifierOf({ name: '' }), 'SYSLOG_IDENTIFIER=');
  assert.equal(identifierOf({ name: 'n', logTag: '' }), 'SYSLOG_IDENTIFIER=');
});

test('J10 labels: what is not LABEL=VALUE is refused in conmon’s words', () => {
  const refused: [string, string][] = [
    ['', "Container labels must be in format LABEL=VALUE (none or more than one '=' present in '')"],
    ['FOO', "Container labels must be in format LABEL=VALUE (none or more than one '=' present in 'FOO')"],
    [
      'A=b=c',
      "Container labels must be in format LABEL=VALUE (none or more than one '=' present in 'A=b=c')",
    ],
    ['=', "Container labels must be in format LABEL=VALUE (no LABEL present in '=')"],
    ['=b', "Container labels must be in format LABEL=VALUE (no LABEL present in '=b')"],
    ['==', "Container labels must be in format LABEL=VALUE (no LABEL present in '==')"],
  ];
  for (const [label, words] of refused)
    assert.throws(() => encodeFixedFields({ ...options, logLabel: ['OK=1', label] }), new Refusal(words));
});

test('J10 labels: a name of other characters is refused', () => {
  for (const label of ['foo=1', 'F-O=1', 'F O=1', 'FÖ=1', 'F\n=1'])
    assert.throws(
      () => encodeFixedFields({ ...options, logLabel: [label] }),
      new Refusal(
        `Container label names must contain only uppercase letters, numbers and underscore (in '${label}')`,
      ),
    );
});

test('J11 fields: an ID of 12 bytes is refused, one of 13 is not', () => {
  const refusal = new Refusal('Container ID must be longer than 12 characters');
  assert.throws(() => encodeFixedFields({ ...options, cid: '0123456789ab' }), refusal);
  assert.throws(() => encodeFixedFields({ ...options, cid: '' }), refusal);
  assert.equal(fieldsOf({ cid: '0123456789abc' })[0], 'CONTAINER_ID_FULL=0123456789abc');
});

test('J12 fields: a value without a newline is text, one with it has its length in front', () => {
  assert.equal(Buffer.from(encodeField('A', Buffer.from('b=c'))).toString(), 'A=b=c\n');
  assert.deepEqual(
    Buffer.from(encodeField('A', Buffer.from('b\nPRIORITY=0\n'))),
    Buffer.concat([
      Buffer.from('A\n'),
      Buffer.from([13, 0, 0, 0, 0, 0, 0, 0]),
      Buffer.from('b\nPRIORITY=0\n\n'),
    ]),
  );
});

test('J12 fields: no name, tag or label value makes another field', () => {
  const text = fc.string({
    unit: fc.oneof(fc.string({ minLength: 1, maxLength: 1 }), fc.constantFrom('\n', '=', 'PRIORITY=0')),
  });
  fc.assert(
    fc.property(text, text, text, (name, logTag, value) => {
      const label = value.replaceAll('=', '');
      assert.deepEqual(fieldsOf({ name, logTag, logLabel: [`L=${label}`] }), [
        'CONTAINER_ID_FULL=0123456789abcdef0123',
        'CONTAINER_ID=0123456789ab',
        `SYSLOG_IDENTIFIER=${logTag}`,
        `CONTAINER_TAG=${logTag}`,
        `CONTAINER_NAME=${name}`,
        `L=${label}`,
      ]);
    }),
  );
});

test('J9 prefix: <0> to <7> are priorities, all else is none', () => {
  const parse = (text: string) => parsePriorityPrefix(Buffer.from(`..${text}..`), 2, 2 + text.length);
  for (let priority = 0; priority <= 7; priority++) assert.equal(parse(`<${priority}>x`), priority);
  assert.equal(parse('<4>'), 4);
  for (const text of ['', '<', '<4', '<8>', '<9>', '</>', '<:>', '<44>', ' <4>', '(4>', '<4)', '<a>'])
    assert.equal(parse(text), -1, text);
});

test('J9 prefix: only what is inside the range counts', () => {
  assert.equal(parsePriorityPrefix(Buffer.from('x<4>'), 1, 3), -1);
  assert.equal(parsePriorityPrefix(Buffer.from('x<4>'), 1, 4), 4);
});

test('J9 variable: its two words, and nothing else', () => {
  assert.equal(parseJournaldPriority('stream'), 'stream');
  const warnings: string[] = [];
  const choose = (value: string | undefined) => chooseJournaldPriority(value, text => warnings.push(text));
  assert.deepEqual([choose(undefined), choose('stream'), choose('prefix')], ['stream', 'stream', 'prefix']);
  assert.deepEqual(warnings, []);
  assert.equal(choose('level'), 'stream');
  assert.deepEqual(warnings, ['CONMON_JOURNALD_PRIORITY is neither stream nor prefix: level']);
  assert.equal(parseJournaldPriority('prefix'), 'prefix');
  for (const value of ['', 'Prefix', '1', 'true']) assert.equal(parseJournaldPriority(value), undefined);
});

test('J10 labels: any name is one that a regular expression takes, or refused', () => {
  const unit = fc.constantFrom(...'AMZ059_@[`/:az é\n\0');
  fc.assert(
    fc.property(fc.string({ unit, minLength: 1, maxLength: 4 }), name => {
      const encode = () => encodeFixedFields({ ...options, logLabel: [`${name}=1`] });
      if (/^[A-Z0-9_]+$/.test(name)) assert.ok(Buffer.from(encode()).toString().endsWith(`${name}=1\n`));
      else assert.throws(encode, /must contain only uppercase letters/);
    }),
  );
});
