// An environment as text with a character for each byte, so that no byte of it is lost and the engine's own string
// functions do the work: a loop over the bytes would have the engine start its compiler, for a megabyte.

/** The variables in the bytes of /proc/PID/environ. */
export function splitVariables(environ: Uint8Array): string[] {
  const text = Buffer.from(environ.buffer, environ.byteOffset, environ.byteLength).toString('latin1');
  return text.split('\0').slice(0, -1); // the last one's NUL is behind it; an empty one is one
}

/** The bytes of variables, each with its NUL, as SpawnPlan wants them. */
export function joinVariables(variables: readonly string[]): Uint8Array {
  return Buffer.from(variables.map(variable => `${variable}\0`).join(''), 'latin1');
}

/** The value of `name`, decoded as UTF-8; undefined if it is not set. */
export function readVariable(variables: readonly string[], name: string): string | undefined {
  const variable = variables.find(candidate => candidate.startsWith(`${name}=`));
  return variable === undefined
    ? undefined
    : Buffer.from(variable.slice(name.length + 1), 'latin1').toString();
}
