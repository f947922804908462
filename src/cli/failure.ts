// Telling a person what failed: which container, what the runtime said, and what to try.

/** A failure in words. */
export interface FailureWords {
  /** What failed; names the container. */
  readonly what: string;
  /** Who said why, and what they said. */
  readonly said?: { readonly who: string; readonly words: string };
  readonly hint?: string;
}

/** What is known where the failure is told. */
export interface FailurePlace {
  readonly command: string;
  readonly root: string;
  /** The container, where one is meant. */
  readonly id?: string | undefined;
  readonly bundle?: string | undefined;
}

/** Puts an error into words. Errors of the library are told by their `code`, so that it need not be loaded. */
export function describeFailure(error: unknown, place: FailurePlace): FailureWords {
  const { code, errno, message, words, stderr, command } = readError(error);
  const who = command?.[0]?.split('/').at(-1);
  switch (code) {
    case 'ERR_RUNTIME':
      return {
        what: cutEnd(message, words),
        ...(words ? { said: { who: 'the runtime', words } } : {}),
        hint: hintFor(words, place) ?? showCalls(place),
      };
    case 'ERR_MONITOR':
      return {
        what: cutEnd(message, stderr?.trim()),
        ...(stderr?.trim() ? { said: { who: who ?? 'the monitor', words: stderr.trim() } } : {}),
        hint: hintFor(stderr, place) ?? '`conmonctl doctor` tries the monitor',
      };
    case 'ERR_NOT_FOUND':
      return {
        what: message,
        hint: `\`conmonctl list\` shows those of ${place.root}; others need their own --root`,
      };
    case 'ERR_EXISTS':
      return { what: message, hint: `another --id, or \`conmonctl delete ${place.id ?? 'ID'}\` first` };
    case 'ERR_STATE':
      return withHint(message, hintForState(message, place));
    case 'ERR_ADDON':
      return { what: message, hint: hintForAddon(place) };
    case 'ERR_TIME_LIMIT':
      return { what: message, hint: '`conmonctl doctor` tries the runtime, and says how long it takes' };
    case 'ERR_USAGE':
      return { what: message, hint: seeHelp(place) };
    case 'ERR_ARGUMENT':
      return withHint(
        message,
        /not in PATH|^no bundle at/.test(message) ? hintFor(message, place) : seeHelp(place),
      );
    case 'ERR_SYSTEM':
      return withHint(
        message,
        refusals.has(errno ?? '') ? '--root names a directory of state that you may write to' : undefined,
      );
    case 'ERR_INTERNAL':
      return { what: message, hint: '`--log-level debug` shows where; please report it' };
    default:
      return withHint(message, hintFor(message, place));
  }
}

/** The words as lines, each but the first indented. */
export function formatFailure(failure: FailureWords): string {
  const lines = [`conmonctl: ${failure.what}`];
  if (failure.said)
    lines.push(`  ${failure.said.who} said: ${failure.said.words.replaceAll('\n', '\n    ')}`);
  if (failure.hint) lines.push(`  try: ${failure.hint}`);
  return `${lines.join('\n')}\n`;
}

/** That one may not write there. */
const refusals: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS']);

interface ErrorFacts {
  readonly code: string | undefined;
  readonly errno?: string | undefined;
  readonly message: string;
  readonly words?: string | undefined;
  readonly stderr?: string | undefined;
  readonly command?: readonly string[] | undefined;
}

function readError(error: unknown): ErrorFacts {
  if (!(error instanceof Error)) return { code: undefined, message: String(error) };
  const facts = error as Error & Partial<ErrorFacts>;
  return {
    code: facts.code,
    errno: facts.errno,
    message: error.message,
    words: facts.words,
    stderr: facts.stderr,
    command: facts.command,
  };
}

/** The message without the words that are told apart. */
function cutEnd(message: string, words: string | undefined): string {
  return words && message.endsWith(`: ${words}`) ? message.slice(0, -words.length - 2) : message;
}

function withHint(what: string, hint: string | undefined): FailureWords {
  return hint === undefined ? { what } : { what, hint };
}

function seeHelp({ command }: FailurePlace): string {
  return command === '' ? '`conmonctl --help`' : `\`conmonctl ${command} --help\``;
}

function showCalls({ command }: FailurePlace): string {
  return `\`conmonctl --log-level debug ${command} …\` shows the calls of the runtime; \`conmonctl doctor\` tries it`;
}

function hintForState(message: string, { id = 'ID' }: FailurePlace): string | undefined {
  if (/stop it first/.test(message)) return `\`conmonctl stop ${id}\`, or \`conmonctl delete --force ${id}\``;
  if (/monitor/.test(message))
    return `\`conmonctl state ${id}\` tells how it ended, \`conmonctl logs ${id}\` what it wrote`;
  if (/log file/.test(message))
    return 'it was created with another --log-driver; `journalctl CONTAINER_NAME=…` shows a journal’s';
  return undefined;
}

/** Most can be done another way meanwhile. */
function hintForAddon({ command, id = 'ID' }: FailurePlace): string {
  if (command === 'exec') return `\`conmonctl exec ${id} -- …\`, without -i and -t, needs no addon`;
  const follow = `\`conmonctl logs -f ${id}\` shows what it writes`;
  return command === 'run' ? `\`conmonctl run -d\`; then ${follow}` : follow;
}

const installHint = 'is it installed? --runtime and --conmon take a path too';

/** What usually helps where the runtime says this. The first that fits. */
function hintFor(words: string | undefined, { id = 'ID', bundle }: FailurePlace): string | undefined {
  const config = bundle === undefined ? 'config.json' : `${bundle}/config.json`;
  const hints: readonly (readonly [said: RegExp, hint: string])[] = [
    [
      /executable file .*not found|exec: .*no such file|find executable/i,
      `is the program in the root file system, and in PATH of process.env in ${config}?`,
    ],
    [/exec format error/i, 'is the program built for this machine, and does a script begin with #! ?'],
    [
      /exec: .*permission denied|open executable.*permission denied/i,
      'is the program a file that may be executed?',
    ],
    [/rootfs|root file ?system/i, `does root.path in ${config} name the root file system?`],
    [
      /cannot (exec|pause).*(stopped|not running)|container (is )?not running|is not running/i,
      `\`conmonctl state ${id}\` tells whether it runs`,
    ],
    [
      /not (in )?created|cannot start a container|in the created state/i,
      `\`conmonctl state ${id}\`: only a created container can be started`,
    ],
    [
      /config\.json/i,
      `is ${config} there, and for this version of the runtime? \`runc spec\` writes a new one`,
    ],
    [/cgroup/i, '`conmonctl doctor` tells which cgroups there are, and whether you may use them'],
    [
      /user namespace|uid_map|newuidmap|rootless/i,
      'run as root, or let `runc spec --rootless` write config.json',
    ],
    [
      /operation not permitted|permission denied/i,
      'may you do this? `conmonctl doctor` checks what is needed',
    ],
    [/not in PATH|spawn \S+ ENOENT/i, installHint],
    [
      /no bundle at/i,
      'a bundle is a directory with config.json and a root file system; `runc spec` writes the first',
    ],
  ];
  return hints.find(([said]) => said.test(words ?? ''))?.[1];
}
