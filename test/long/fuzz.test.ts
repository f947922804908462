// Every input of the monitor, fuzzed for some minutes over the executable with sanitizers: none may give a report, end a
// process by a signal, hang it, or leave a caller without an answer. See ../fuzz/fuzz.ts for its variables.

import { before, test } from 'node:test';
import { forgetReports, probeSanitizers } from '../fixtures/sanitizers.ts';
import { buildVariant } from '../fixtures/variants.ts';
import { argumentsKind } from '../fuzz/arguments.ts';
import { attachKind } from '../fuzz/attach.ts';
import { cgroupKind } from '../fuzz/cgroup.ts';
import { consoleKind } from '../fuzz/console.ts';
import { controlKind } from '../fuzz/control.ts';
import { environmentKind } from '../fuzz/environment.ts';
import { fuzz, type Kind, secondsInAll } from '../fuzz/fuzz.ts';
import { journalKind } from '../fuzz/journal.ts';
import { logKind } from '../fuzz/log.ts';
import { notifyKind } from '../fuzz/notify.ts';
import { runtimeKind } from '../fuzz/runtime.ts';

const kindsCount = 10;
const missing = await probeSanitizers();
const skip = missing === undefined ? false : `needs ${missing}`;
let conmon = '';

before(() => {
  if (skip) return;
  conmon = buildVariant('sanitize');
  forgetReports();
});

fuzzed(argumentsKind);
fuzzed(environmentKind);
fuzzed(controlKind);
fuzzed(attachKind);
fuzzed(notifyKind);
fuzzed(runtimeKind);
fuzzed(cgroupKind);
fuzzed(logKind);
fuzzed(journalKind);
fuzzed(consoleKind);

function fuzzed<Input>(kind: Kind<Input>): void {
  test(`fuzz: ${kind.name}`, { skip: skip || kind.skip || false }, t =>
    fuzz(t, kind, conmon, secondsInAll / kindsCount),
  );
}
