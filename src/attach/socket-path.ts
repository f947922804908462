// Where callers look for the attach socket. It always lies in the bundle; without --full-attach a symbolic link with
// a short name leads there, since a caller's sun_path may not hold the bundle's path.

import { utf8Bytes, utf8Text } from '../sys/text.ts';

/** Bytes of a path that a caller can put in `sun_path`, whose 108th is the NUL. */
const sunPathBytesMax = 107;

export const attachSocketName = 'attach';

/** The bundle, and the link to it that is to be made, if one is. */
export interface AttachPlace {
  readonly bundle: string;
  readonly link?: { readonly path: string; readonly target: string };
}

export function placeAttachSocket(options: {
  readonly bundle: string;
  /** The bundle as the link has it; undefined where there is to be none. */
  readonly linkTarget: string | undefined;
  readonly socketDir: string;
  readonly cuuid: string;
}): AttachPlace {
  const { bundle, linkTarget: target, socketDir, cuuid } = options;
  return target === undefined ? { bundle } : { bundle, link: { path: linkPath(socketDir, cuuid), target } };
}

// A link of exactly 107 bytes loses its last: callers that cut `<link>/attach` to what sun_path holds would otherwise
// dial the link itself, and conmon has given it the shorter name ever since.
function linkPath(socketDir: string, cuuid: string): string {
  const path = joinNames(socketDir, cuuid);
  const bytes = utf8Bytes(path);
  return bytes.length === sunPathBytesMax ? utf8Text(bytes.subarray(0, -1)) : path;
}

// As g_build_filename(3) joins: one slash between the two, however many there were.
function joinNames(directory: string, name: string): string {
  let end = directory.length;
  while (directory[end - 1] === '/') end--;
  let start = 0;
  while (name[start] === '/') start++;
  return `${directory.slice(0, end)}/${name.slice(start)}`;
}
