// Names of units: systemd.unit(5), "Description" and "String Escaping for Inclusion in Unit Names".

import { ArgumentError } from '../errors.ts';

/** UNIT_NAME_MAX of systemd, 256, without the NUL. */
const unitNameBytesMax = 255;

/** Puts a container's ID for each `{id}` of the template, escaped as systemd-escape does where a unit's name can't
 * hold a character; `-` is left alone, as nothing is nested in scopes. Throws {@link ArgumentError} where the name
 * becomes too long. */
export function formatUnitName(template: string, id: string): string {
  const name = template.replaceAll('{id}', () => escapeId(id));
  if (name.length > unitNameBytesMax)
    throw new ArgumentError(`the scope's name for container ${id} is longer than ${unitNameBytesMax} bytes`);
  return name;
}

/** True for a unit's name with this suffix. */
export function isUnitName(name: string, suffix: '.scope' | '.slice'): boolean {
  return (
    name.length <= unitNameBytesMax &&
    name.endsWith(suffix) &&
    /^[A-Za-z0-9:_.\\-]+$/.test(name.slice(0, -suffix.length))
  );
}

/** The backslash is escaped too: two IDs never become one name. */
function escapeId(id: string): string {
  return Array.from(Buffer.from(id), byte => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9:_.-]/.test(character) ? character : `\\x${byte.toString(16).padStart(2, '0')}`;
  }).join('');
}
