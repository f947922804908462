import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headRoomBytes, openLogs } from '../../src/logs/logs.ts';
import { createScriptedSys } from '../../src/sys/scripted.ts';

const options = {
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

test('logs: lines become F records, a tail a P record at pause', () => {
  const sys = createScriptedSys();
  sys.answer('open', 40);
  const logs = openLogs(sys, options, message => assert.fail(message));
  const buf = Buffer.alloc(headRoomBytes + 100);
  buf.write('one\ntwo\nthr', headRoomBytes);
  logs.write('stdout', buf, headRoomBytes, headRoomBytes + 11);
  logs.pause('stdout');
  buf.write('ee\n\n', headRoomBytes);
  logs.write('stderr', buf, headRoomBytes, headRoomBytes + 4);
  const at = '2023-11-14T22:13:20.000000000+00:00';
  assert.equal(
    sys.written(40).toString(),
    `${at} stdout F one\n${at} stdout F two\n${at} stdout P thr\n${at} stderr F ee\n${at} stderr F \n`,
  );
});
