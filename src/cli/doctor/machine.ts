// What `doctor` reads of the machine.

import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { advise, type Finding, missing, ok } from './finding.ts';
import {
  judgeCgroups,
  judgeInotify,
  judgeJournal,
  judgeKernel,
  judgeLimits,
  judgePermissions,
  readCgroupSetup,
} from './judge.ts';

/** Looks at everything but runtime and monitor. */
export function examineMachine(root: string): Finding[] {
  const mountInfo = read('/proc/self/mountinfo') ?? '';
  return [
    judgeKernel(release()),
    ok('Node.js', process.versions.node),
    judgePermissions(
      process.getuid?.() ?? 0,
      read('/proc/self/status') ?? '',
      Number(read('/proc/sys/user/max_user_namespaces') ?? '0'),
      {
        unprivileged_userns_clone: read('/proc/sys/kernel/unprivileged_userns_clone'),
        apparmor_restrict_unprivileged_userns: read('/proc/sys/kernel/apparmor_restrict_unprivileged_userns'),
      },
    ),
    judgeCgroups(readCgroupSetup(mountInfo), isOwnCgroupWritable(mountInfo)),
    ...judgeLimits(read('/proc/self/limits') ?? ''),
    judgeInotify(readNumber('/proc/sys/fs/inotify/max_user_instances')),
    examineTerminals(),
    judgeJournal(existsSync('/run/systemd/journal/socket')),
    examineRoot(root),
  ];
}

/** TMPFS_MAGIC of linux/magic.h. */
const tmpfsMagic = 0x01021994;

function examineRoot(root: string): Finding {
  const about = 'directory of state';
  const other = '--root names another directory';
  try {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    const probe = join(root, `.doctor-${process.pid}`);
    writeFileSync(probe, '');
    rmSync(probe);
    const { mode, uid } = statSync(root);
    if ((mode & 0o022) !== 0)
      return advise(
        about,
        `${root}: others may write to it`,
        `chmod 700 ${root}: who writes there can have you run programs`,
      );
    if (uid !== (process.getuid?.() ?? uid))
      return advise(about, `${root}: it belongs to user ${uid}`, `one of your own: ${other}`);
    if (statfsSync(root).type !== tmpfsMagic)
      return advise(
        about,
        `${root}, on a disk`,
        'after a reboot it names containers that are gone; on a tmpfs it would not',
      );
    return ok(about, root);
  } catch (error) {
    return missing(about, error instanceof Error ? error.message : String(error), other);
  }
}

function examineTerminals(): Finding {
  const about = 'terminals';
  try {
    accessSync('/dev/ptmx', constants.R_OK | constants.W_OK);
    return ok(about, '/dev/ptmx');
  } catch {
    return advise(about, '/dev/ptmx can’t be opened', 'mount devpts, for containers with a terminal (-t)');
  }
}

/** Of version 1, the hierarchy of the memory controller is asked: there limits and out-of-memory reports are. */
function isOwnCgroupWritable(mountInfo: string): boolean {
  const mounts = mountInfo.split('\n').flatMap(line => {
    const [before, after] = line.split(' - ');
    const [type, , options] = after?.split(' ') ?? [];
    const path = before?.split(' ')[4];
    const isWanted =
      type === 'cgroup2' || (type === 'cgroup' && (options ?? '').split(',').includes('memory'));
    return path && isWanted ? [{ path, version: type === 'cgroup2' ? 2 : 1 }] : [];
  });
  const mount = mounts.find(({ version }) => version === 1) ?? mounts[0];
  if (!mount) return false;
  const lines = (read('/proc/self/cgroup') ?? '').split('\n').map(line => line.split(':'));
  const own = lines.find(([, names]) =>
    mount.version === 2 ? names === '' : names?.split(',').includes('memory'),
  );
  // A container may see its own cgroup at the top.
  return [join(mount.path, own?.[2] ?? ''), mount.path].some(isWritable);
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function readNumber(path: string): number | undefined {
  const text = read(path);
  return text === undefined ? undefined : Number(text);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
