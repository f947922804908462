// The file in which the runtime leaves the container's pid.

/** What is in a pid file is a number of at most 7 digits and white space; a longer one is rubbish anyway. */
export const pidFileBytesMax = 64;

/** The pid in a pid file's content, or undefined if that is not one decimal number above 0. */
export function parsePid(content: Uint8Array): number | undefined {
  let text = '';
  for (const byte of content) text += String.fromCharCode(byte);
  if (!/^\s*[0-9]{1,10}\s*$/.test(text)) return undefined;
  const pid = Number.parseInt(text, 10);
  return pid > 0 && pid < 2 ** 31 ? pid : undefined;
}
