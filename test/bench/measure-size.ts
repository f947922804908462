// What the executable takes on the disk; a C conmon's libraries are not counted.

import { statSync } from 'node:fs';
import { forEach } from './contenders.ts';
import type { Measurement } from './measure.ts';
import { bytesPerMb } from './memory-samples.ts';

export const measureSize: Measurement = {
  name: 'size',
  async run({ contenders }) {
    const size = forEach(contenders, ({ path }) => [statSync(path).size / bytesPerMb]);
    return [{ name: 'the executable', unit: 'MB', ...size, limit: { kind: 'amount', atMost: 3.5 } }];
  },
};
