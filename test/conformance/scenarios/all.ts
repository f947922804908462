// All scenarios, in the order of the table.

import type { Scenario } from '../scenario.ts';
import { attach } from './attach.ts';
import { control } from './control.ts';
import { create } from './create.ts';
import { ends } from './ends.ts';
import { exec } from './exec.ts';
import { links } from './links.ts';
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
  ...ends,
  ...links,
];
