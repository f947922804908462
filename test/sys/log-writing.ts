// What the log tests share: options, a writer of chunks, a reader of records.

import assert from 'node:assert/strict';
import { headRoomBytes, type LogOptions } from '../../src/logs/driver.ts';
import type { Logs } from '../../src/logs/logs.ts';
import { openLogs } from '../../src/logs/open-logs.ts';
import type { LogDisk } from './log-disk.ts';

export const defaultOptions: LogOptions = {
  logPath: ['k8s-file:/log/ctr.log'],
  logSizeMax: -1,
  logGlobalSizeMax: -1,
  logRotate: false,
  logMaxFiles: 1,
  logAllowlistDir: [],
  logTag: undefined,
  logLabel: [],
  noContainerPartialMessage: false,
  noSyncLog: false,
  cid: 'c'.repeat(64),
  name: undefined,
};

export interface OpenLog {
  readonly logs: Logs;
  readonly warnings: string[];
  say(text: string | Uint8Array, stream?: 'stdout' | 'stderr'): void;
}

export function openOn(disk: LogDisk, options: Partial<LogOptions> = {}): OpenLog {
  const warnings: string[] = [];
  const logs = openLogs(disk.sys, { ...defaultOptions, ...options }, message => warnings.push(message));
  return {
    logs,
    warnings,
    say(text, stream = 'stdout') {
      const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
      const buf = Buffer.alloc(headRoomBytes + bytes.length, '\n'); // head room with newlines: they must not count
      buf.set(bytes, headRoomBytes);
      logs.write(stream, buf, headRoomBytes, buf.length);
    },
  };
}

export interface LogRecord {
  readonly time: string;
  readonly stream: string;
  readonly tag: string;
  readonly text: string;
}

const recordForm =
  /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}[+-]\d\d:\d\d) (stdout|stderr) ([FP]) ([^\n]{0,8192})$/;

/** The records of a log; fails for anything in it that is not a whole one. */
export function readRecords(content: string): LogRecord[] {
  if (content === '') return [];
  assert.equal(content.at(-1), '\n', 'the log ends in a torn record');
  return content
    .slice(0, -1)
    .split('\n')
    .map(line => {
      const [, time, stream, tag, text] =
        recordForm.exec(line) ?? assert.fail(`not a record: ${line.slice(0, 80)}`);
      return { time: time!, stream: stream!, tag: tag!, text: text! };
    });
}

/** The bytes that the records of one stream stand for. */
export function joinRecords(records: readonly LogRecord[], stream = 'stdout'): string {
  return records
    .filter(record => record.stream === stream)
    .map(record => record.text + (record.tag === 'F' ? '\n' : ''))
    .join('');
}

/** Records as `P text`. */
export function brief(content: string): string[] {
  return readRecords(content).map(({ tag, text }) => `${tag} ${text}`);
}
