// All scenarios, in the order of the table.

import type { Scenario } from '../scenario.ts';
import { attach } from './attach.ts';
import { control } from './control.ts';
import { create } from './create.ts';
import { exec } from './exec.ts';
import { logScenarios } from './logs.ts';
import { options } from './options.ts';
import { runtime } from './runtime.ts';

export const scenarios: readonly Scenario[] = [
  ...options,
  ...create,
  ...runtime,
  ...exec,
  ...logScenarios,
  ...attach,
  ...control,
];
