// The shape of a container's statistics. All figures are of the container with everything in it, since it was created,
// unless they say otherwise; what the kernel does not tell is `undefined`, and never 0.

/** What {@link Runtime.stats} returns. A part is `undefined` where no cgroup controller counts for it. */
export interface ContainerStats {
  /** When they were read. */
  readonly time: Date;
  readonly cpu: CpuStats | undefined;
  readonly memory: MemoryStats | undefined;
  readonly pids: PidsStats | undefined;
  readonly blockIo: BlockIoStats | undefined;
}

/** Times are of all processors together, in milliseconds and fractions of them. */
export interface CpuStats {
  readonly usageMs: number;
  /** Of {@link CpuStats.usageMs}, what was spent in programs. */
  readonly userMs: number | undefined;
  /** Of {@link CpuStats.usageMs}, what was spent in the kernel. */
  readonly systemMs: number | undefined;
  /** Periods of the scheduler in which a quota was enforced. */
  readonly periods: number | undefined;
  /** Those of them in which the quota was used up. */
  readonly throttledPeriods: number | undefined;
  /** How long something had to wait for the next period. */
  readonly throttledMs: number | undefined;
}

/** What is in use now, unless it says otherwise. */
export interface MemoryStats {
  /** Memory, with the page cache, without swap. */
  readonly usageBytes: number;
  /** {@link MemoryStats.usageBytes} without files' pages that were not used lately: what can't be had back easily. */
  readonly workingSetBytes: number;
  /** `undefined` for no limit. */
  readonly limitBytes: number | undefined;
  /** The most that was in use at once. */
  readonly peakBytes: number | undefined;
  /** Memory that belongs to no file, such as heaps and stacks. */
  readonly anonymousBytes: number | undefined;
  /** The page cache. */
  readonly fileBytes: number | undefined;
  /** What the kernel needs for the container. */
  readonly kernelBytes: number | undefined;
  readonly swapBytes: number | undefined;
  /** Of swap alone; `undefined` for no limit. */
  readonly swapLimitBytes: number | undefined;
  /** How often a page was not at hand. */
  readonly pageFaults: number | undefined;
  /** How often it had to be read from a disk. */
  readonly majorPageFaults: number | undefined;
  /** How many processes the kernel has killed for want of memory. */
  readonly oomKills: number | undefined;
}

/** Processes and threads: the kernel counts both. */
export interface PidsStats {
  readonly current: number;
  /** `undefined` for no limit. */
  readonly limit: number | undefined;
}

/** Sums over all devices, and the devices. */
export interface BlockIoStats extends Omit<BlockDeviceStats, 'device'> {
  readonly devices: readonly BlockDeviceStats[];
}

/** One block device's share. */
export interface BlockDeviceStats {
  /** Its numbers, for example `'8:0'`. */
  readonly device: string;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly readOperations: number;
  readonly writeOperations: number;
}
