// What some scenarios need of the machine, and how it is found out.

import { withoutMounts } from '../fixtures/private-mounts.ts';
import { probeJournald } from '../journald/harness/probe.ts';
import { probeRunc, probeTerminals } from './oci-runtime.ts';

/** Each returns what is missing, in words that complete "needs …"; undefined when nothing is. */
const probes = {
  journald: probeJournald,
  mounts: async () => (withoutMounts === false ? undefined : 'root, for a mount namespace of its own'),
  runc: probeRunc,
  terminals: probeTerminals,
};

export type Need = keyof typeof probes;

const answers = new Map<Need, Promise<string | undefined>>();

export async function missing(need: Need | undefined): Promise<string | undefined> {
  if (need === undefined) return undefined;
  let answer = answers.get(need);
  if (answer === undefined) {
    answer = probes[need]();
    answers.set(need, answer);
  }
  return answer;
}
