// What programs say of their versions, taken apart.

/** A program's version. */
export interface ProgramVersion {
  /** For example `'runc'`; a monitor's is `'conmon'`. */
  readonly name: string;
  /** For example `'1.1.5+ds1'`. */
  readonly version: string;
  /** The commit that it was built from, where it says so. */
  readonly commit: string | undefined;
  /** The version of the OCI runtime specification that it follows, where it says so. */
  readonly spec: string | undefined;
  /** The first line of what it said. */
  readonly line: string;
}

/** Takes apart what `--version` printed; `undefined` for what names no version. conmon, runc, crun, youki, runsc: a line
 * `NAME version VERSION`, then lines `commit: …` and `spec: …`; kata-runtime: `NAME : VERSION`, and `OCI specs: …`. */
export function parseVersion(text: string): ProgramVersion | undefined {
  const lines = text.split('\n', linesMax).map(line => line.trim());
  const line = lines[0] ?? '';
  const [, name, version] = /^([\w.+-]+)(?: version:?| *:)? +v?(\d[\w.+~:-]*)$/.exec(line) ?? [];
  if (name === undefined || version === undefined) return undefined;
  return {
    name,
    version,
    commit: findValue(lines, /^commit *: *(\S+)$/i),
    spec: findValue(lines, /^(?:OCI specs?|spec) *: *(\S+)$/i),
    line,
  };
}

const linesMax = 32;

function findValue(lines: readonly string[], pattern: RegExp): string | undefined {
  const value = lines.map(line => pattern.exec(line)?.[1]).find(found => found !== undefined);
  return value === 'unknown' ? undefined : value;
}
