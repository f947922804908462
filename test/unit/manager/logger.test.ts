// What may be given to the library as a logger.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import pino from 'pino';
import { type Logger, Runtime, RuntimeError } from '../../../src/manager/index.ts';

/** These compile: that is the test. */
const loggers: readonly Logger[] = [pino({ level: 'silent' }), pino().child({ part: 'containers' }), console];

it('Logger: a logger of pino’s is one, and so are its children, and console', () => {
  for (const logger of loggers) assert.equal(new Runtime({ ...settings, logger }).logger, logger);
});

it('Logger: one that was written by hand is told what pino’s would be, facts first', async () => {
  const said: [string, object, string][] = [];
  const take = (level: string) => (facts: object, message: string) => void said.push([level, facts, message]);
  const logger = { debug: take('debug'), info: take('info'), warn: take('warn'), error: take('error') };
  await assert.rejects(new Runtime({ ...settings, logger }).version(), RuntimeError); // node is none
  const [level, facts, message] = said[0]!;
  assert.deepEqual([level, typeof message], ['debug', 'string']);
  assert.partialDeepStrictEqual(facts, { exitCode: 0 });
});

const settings = { root: '/nowhere', runtime: process.execPath, runtimeRoot: null, conmon: process.execPath };
