// What can be played: a name, what it shows, and what a machine must have for it.

import type { Generation } from './conmons.ts';
import type { Need } from './needs.ts';
import type { Stage } from './stage.ts';

export interface Scenario {
  /** `group/what`; unique. */
  readonly name: string;
  readonly needs?: Need;
  /** The first C conmon that has what it is about; all have it when not given. */
  readonly since?: Generation | 'never';
  /** Plays it, and notes on the stage what a caller sees. A throw is noted too, as the way it ended. */
  play(stage: Stage): void | Promise<void>;
}

const generations: readonly Generation[] = ['2.1', '2.2', 'main'];

/** Whether the C conmon has what the scenario is about. */
export function isKnownTo(generation: Generation, { since = '2.1' }: Scenario): boolean {
  return since !== 'never' && generations.indexOf(generation) >= generations.indexOf(since);
}
