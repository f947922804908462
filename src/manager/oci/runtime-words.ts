// What an OCI runtime said, taken out of how it said it.

/** The runtime's own words: the `msg` of its last log line of level error or worse, else its text as it is. runc
 * and youki write logrus or JSON lines, crun plain text; Podman reads them the same way (libpod/oci_util.go, getOCIRuntimeError). */
export function extractRuntimeWords(stderr: string): string {
  const lines = stderr.split('\n').filter(line => line.trim() !== '');
  for (const line of lines.toReversed()) {
    const words = readJsonLine(line) ?? readTextLine(line);
    if (words !== undefined) return words;
  }
  return stderr.trim();
}

/** True where these words say that the runtime knows no such container. runc: `container does not exist`; crun:
 * `container `x` does not exist` or, of its status file, `No such file or directory`; youki: `does not exist`. */
export function saysNoSuchContainer(words: string): boolean {
  return /\bdoes not exist\b|status`?: no such file or directory/i.test(words);
}

function readJsonLine(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) && isSevere(String(value['level'])) ? String(value['msg']) : undefined;
  } catch {
    return undefined;
  }
}

function readTextLine(line: string): string | undefined {
  const match = /\blevel=(\w+) msg=(?:"((?:[^"\\]|\\.)*)"|(\S+))/.exec(line);
  if (!match || !isSevere(match[1]!)) return undefined;
  return match[3] ?? match[2]!.replace(/\\(["\\])/g, '$1').replaceAll('\\n', '\n');
}

function isSevere(level: string): boolean {
  return level === 'error' || level === 'fatal' || level === 'panic';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
