// Everything that is written down about one container.

import type { ContainerPaths } from './layout.ts';
import { type Phase, readPhase } from './phase.ts';
import { type ConfigRecord, type CreatedRecord, readConfig, readCreated } from './records.ts';

/** A container, as it was at one moment. */
export interface Container {
  readonly paths: ContainerPaths;
  readonly phase: Phase;
  readonly config: ConfigRecord;
  /** `undefined` while it is created, and where its creation is undone. */
  readonly created: CreatedRecord | undefined;
}

/** Reads it; `undefined` where it is gone, or not whole. Throws {@link RecordError}. */
export function readContainer(paths: ContainerPaths): Container | undefined {
  // In this order: whoever creates writes the last record before the phase.
  const phase = readPhase(paths);
  const config = readConfig(paths);
  const created = readCreated(paths);
  if (phase === undefined || config === undefined) return undefined;
  return phase.name === 'created' && created === undefined ? undefined : { paths, phase, config, created };
}
