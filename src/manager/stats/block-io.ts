// What a container has read from block devices, and written to them.

import { findWith, parseNumber, readLines } from './cgroup-numbers.ts';
import type { BlockDeviceStats, BlockIoStats } from './container-stats.ts';

/** `undefined` where no hierarchy counts it. */
export function readBlockIo(directories: readonly string[]): BlockIoStats | undefined {
  const counts = readVersion2(directories) ?? readVersion1(directories);
  if (counts === undefined) return undefined;
  const devices = [...counts].map(([device, count]) => ({ device, ...count }));
  const sum = (name: keyof Count) => devices.reduce((total, device) => total + device[name], 0);
  return {
    readBytes: sum('readBytes'),
    writtenBytes: sum('writtenBytes'),
    readOperations: sum('readOperations'),
    writeOperations: sum('writeOperations'),
    devices,
  };
}

type Count = Omit<BlockDeviceStats, 'device'>;
type Counts = Map<string, Count>;

const none: Count = { readBytes: 0, writtenBytes: 0, readOperations: 0, writeOperations: 0 };

/** A line a device: `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6`. */
function readVersion2(directories: readonly string[]): Counts | undefined {
  const directory = findWith(directories, 'io.stat');
  if (directory === undefined) return undefined;
  const counts: Counts = new Map();
  for (const line of readLines(directory, 'io.stat')) {
    const [device, ...pairs] = line.split(' ');
    if (!device) continue;
    const fields = new Map(pairs.map(pair => pair.split('=') as [string, string]));
    const count = (name: string) => parseNumber(fields.get(name) ?? '') ?? 0;
    counts.set(device, {
      readBytes: count('rbytes'),
      writtenBytes: count('wbytes'),
      readOperations: count('rios'),
      writeOperations: count('wios'),
    });
  }
  return counts;
}

/** Files with a line for each device and kind of operation: `8:0 Read 123`. The recursive ones, with all that is in the
 * cgroups below, are those of Linux 5.1 and later. */
function readVersion1(directories: readonly string[]): Counts | undefined {
  const directory = findWith(directories, `${bytesFile}_recursive`);
  if (directory === undefined) return undefined;
  const counts: Counts = new Map();
  const take = (file: string, member: Readonly<Record<string, keyof Count>>) => {
    for (const line of readLines(directory, `${file}_recursive`)) {
      const [device, operation, text] = line.split(' ');
      const name = member[operation ?? ''];
      const number = parseNumber(text ?? '');
      if (!device || name === undefined || number === undefined) continue;
      counts.set(device, { ...(counts.get(device) ?? none), [name]: number });
    }
  };
  take(bytesFile, { Read: 'readBytes', Write: 'writtenBytes' });
  take('blkio.throttle.io_serviced', { Read: 'readOperations', Write: 'writeOperations' });
  return counts;
}

const bytesFile = 'blkio.throttle.io_service_bytes';
