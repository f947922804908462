// The groups of tests: where they are, and what a machine must have for them.

import { existsSync } from 'node:fs';
import { probePodman } from '../test/podman/harness/probe.ts';

export interface TestGroup {
  readonly name: string;
  readonly about: string;
  readonly folder: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Test files that run side by side; as many as there are processors when not given. */
  readonly filesAtOnce?: number;
  /** What is missing here for the group to run, in words that complete "needs …"; undefined when nothing is. */
  needs(): Promise<string | undefined>;
}

const nothing = async () => undefined;

const compiledForm = async () =>
  existsSync('dist/libexec/conmon') ? undefined : 'the compiled form, which Bun builds (npm run build)';

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
    about: 'dist/conmon, compiled by Bun, as a caller sees it',
    folder: 'test/e2e',
    env: { CONMON_FORM: 'compiled' },
    needs: compiledForm,
  },
  {
    name: 'e2e-node',
    about: 'the same on Node.js',
    folder: 'test/e2e',
    env: { CONMON_FORM: 'node' },
    needs: nothing,
  },
  {
    name: 'podman',
    about: 'containers under a real Podman, next to the C conmon',
    folder: 'test/podman',
    needs: async () => (await compiledForm()) ?? (await probePodman()),
  },
];
