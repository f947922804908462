// The groups of tests: where they are, and what a machine must have for them.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { probeCConmon } from '../test/conformance/conmons.ts';
import { forgetReports, probeSanitizers, readReports } from '../test/fixtures/sanitizers.ts';
import { buildVariant } from '../test/fixtures/variants.ts';
import { probeJournald } from '../test/journald/harness/probe.ts';
import { probePodman } from '../test/podman/harness/probe.ts';
import { probeSystemd } from '../test/systemd/harness/probe.ts';

export interface TestGroup {
  readonly name: string;
  readonly about: string;
  readonly folder: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Test files that run side by side; as many as there are processors when not given. */
  readonly filesAtOnce?: number;
  /** What is missing here for the group to run, in words that complete "needs …"; undefined when nothing is. */
  needs(): Promise<string | undefined>;
  /** What is wrong when all its tests have run, whatever they say. */
  findFaults?(): string[];
  /** Whether all of it takes over two minutes. */
  readonly isLong?: boolean;
  /** Reasons for a test to be skipped that hold on every machine. */
  readonly excuses?: readonly string[];
}

/** What is in it takes over two minutes, as do files named *.long.test.ts elsewhere. */
export const longFolder = 'test/long';

const nothing = async () => undefined;

const project = join(import.meta.dirname, '..');
const compiledConmon = join(project, 'dist/conmon');
const nodeConmon = join(project, 'build/node-form/conmon');
const oldEngineConmon = join(project, 'build/old-engine/conmon');
const sanitizedConmon = join(project, 'build/variants/sanitize/conmon');

const executable = async () => (existsSync(compiledConmon) ? undefined : 'the executable (npm run build)');

/** What the tests need beside the executable: one of the same objects on which LD_PRELOAD acts. */
const buildDynamic = async () => {
  const missing = await executable();
  if (missing === undefined) build('--dynamic', '--out', join(project, 'build/dynamic'));
  return missing;
};

/** It lies beside the executable, so that both can be tested in one run. */
const buildNodeForm = async () => {
  build('--node', '--out', join(project, 'build/node-form'));
  return undefined;
};

/** On the engine that is not dist/conmon's wherever the newer one is to be had. */
const buildOnOldEngine = async () => {
  build('--engine', '2021-03-27', '--out', join(project, 'build/old-engine'));
  return undefined;
};

const buildSanitized = async () => {
  const missing = await probeSanitizers();
  if (missing !== undefined) return missing;
  buildVariant('sanitize');
  forgetReports();
  return undefined;
};

function build(...args: string[]): void {
  execFileSync(process.execPath, [join(project, 'scripts/build.ts'), ...args], { stdio: 'inherit' });
}

export const groups: readonly TestGroup[] = [
  { name: 'unit', about: 'rules, without the system', folder: 'test/unit', needs: nothing },
  { name: 'sys', about: 'rooms over scripted system calls', folder: 'test/sys', needs: nothing },
  {
    name: 'contract',
    about: 'the real and the scripted Sys keep the same promises',
    folder: 'test/contract',
    needs: nothing,
  },
  {
    name: 'e2e-compiled',
    about: 'dist/conmon as a caller sees it',
    folder: 'test/e2e',
    env: { CONMON_FORM: 'compiled', CONMON: compiledConmon },
    needs: buildDynamic,
  },
  {
    name: 'e2e-node',
    about: 'the same on Node.js',
    folder: 'test/e2e',
    env: { CONMON_FORM: 'node', CONMON: nodeConmon },
    needs: buildNodeForm,
  },
  {
    name: 'engine',
    about: 'heap, image and language of the executable',
    folder: 'test/engine',
    env: { CONMON_FORM: 'compiled', CONMON: compiledConmon },
    needs: executable,
  },
  {
    name: 'e2e-old-engine',
    about: 'the same on QuickJS of 2021',
    folder: 'test/e2e',
    env: { CONMON_FORM: 'compiled', CONMON: oldEngineConmon },
    needs: buildOnOldEngine,
    isLong: true,
  },
  {
    name: 'sanitized',
    about: 'the same with AddressSanitizer and UndefinedBehaviorSanitizer',
    folder: 'test/e2e',
    env: { CONMON_FORM: 'compiled', CONMON: sanitizedConmon, CONMON_DYNAMIC: sanitizedConmon },
    needs: buildSanitized,
    findFaults: readReports,
    isLong: true,
    excuses: ['needs a conmon that is linked statically'], // as no sanitizer can be
  },
  {
    name: 'journald',
    about: 'the journald log driver with a journald of its own',
    folder: 'test/journald',
    needs: async () => (await executable()) ?? (await probeJournald()),
  },
  {
    name: 'podman',
    about: 'containers under a real Podman, next to the C conmon',
    folder: 'test/podman',
    needs: async () => (await executable()) ?? (await probePodman()),
  },
  {
    name: 'systemd',
    about: 'monitors and containers in the scopes of a systemd of its own',
    folder: 'test/systemd',
    filesAtOnce: 1,
    needs: async () => (await executable()) ?? (await probeSystemd()),
  },
  {
    name: 'conformance',
    about: 'every scenario with the C conmon and with ours, every difference explained',
    folder: 'test/conformance',
    filesAtOnce: 1,
    needs: async () => (await executable()) ?? (await probeCConmon()),
  },
  {
    name: 'long',
    about: 'what takes minutes',
    folder: longFolder,
    env: { CONMON_FORM: 'compiled', CONMON: compiledConmon },
    filesAtOnce: 1,
    needs: executable,
  },
];
