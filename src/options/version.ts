// What --version says. Callers read the third word as a semantic version, and as the conmon that they talk to:
// Podman up to 4.3 wants 2.0.1 or newer, CRI-O passes --sync from 2.0.19 and --log-global-size-max from 2.1.2.

/** The conmon whose behaviour this is; its build metadata, which no comparison looks at, is our own version. */
export const version = '2.2.1+ts.0.1.0';

/** Put in by the build; not there when the source runs as it is. */
declare const BUILD_COMMIT: string | undefined;

/** The output of --version; its two lines are what `podman info` shows. */
export function formatVersion(commit = typeof BUILD_COMMIT === 'string' ? BUILD_COMMIT : 'unknown'): string {
  return `conmon version ${version}\ncommit: ${commit}\n`;
}
