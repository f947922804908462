// A command line that is not understood, before anything of it can be relied on.

import { Refusal } from '../sys/errors.ts';

/**
 * The command line cannot be read, or names no container. It is shown on stderr as `conmon: <message>`, and never in
 * syslog: whether syslog is wanted is not known yet. Every other {@link Refusal} is one of the monitor's own messages.
 */
export class UsageRefusal extends Refusal {}
