// The rules of `doctor`: from what the kernel's files say to findings. Nothing is read here.

import { advise, type Finding, missing, ok } from './finding.ts';

/** pidfd_open(2), by which ends are waited for. */
const oldestKernel = [5, 3] as const;

/** `release` is that of uname(2), for example `6.1.0-18-amd64`. */
export function judgeKernel(release: string): Finding {
  const [major = 0, minor = 0] = release.split(/[.-]/).map(Number);
  const [oldMajor, oldMinor] = oldestKernel;
  if (major > oldMajor || (major === oldMajor && minor >= oldMinor)) return ok('kernel', `Linux ${release}`);
  return missing('kernel', `Linux ${release}`, `Linux ${oldestKernel.join('.')} or newer has pidfd_open(2)`);
}

/** How cgroups are mounted. */
export type CgroupSetup = 'v2' | 'hybrid' | 'v1' | 'none';

/** `mountInfo` is the text of /proc/self/mountinfo. */
export function readCgroupSetup(mountInfo: string): CgroupSetup {
  const types = mountInfo.split('\n').map(line => line.split(' - ')[1]?.split(' ')[0]);
  const [v1, v2] = [types.includes('cgroup'), types.includes('cgroup2')];
  if (v1 && v2) return 'hybrid';
  if (v1) return 'v1';
  return v2 ? 'v2' : 'none';
}

/** `writable`: whether this process's own cgroup may have cgroups made in it. */
export function judgeCgroups(setup: CgroupSetup, writable: boolean): Finding {
  const words = {
    v2: 'version 2',
    hybrid: 'version 1, with version 2 beside it',
    v1: 'version 1',
    none: 'none mounted',
  }[setup];
  if (setup === 'none')
    return advise(
      'cgroups',
      words,
      'mount -t cgroup2 none /sys/fs/cgroup, for limits and out-of-memory reports',
    );
  if (!writable)
    return advise(
      'cgroups',
      `${words}, not yours to write to`,
      'limits need root, or a delegated cgroup: systemd-run --user --scope -p Delegate=yes …',
    );
  if (setup !== 'v2')
    return advise(
      'cgroups',
      words,
      'boot with systemd.unified_cgroup_hierarchy=1: runtimes and systemd are giving version 1 up',
    );
  return ok('cgroups', words);
}

/** Capabilities by the number of their bit (capability.h). */
const capabilities = { CAP_SYS_ADMIN: 21, CAP_SYS_RESOURCE: 24 } as const;

/** `status` is the text of /proc/self/status. */
export function hasCapability(status: string, name: keyof typeof capabilities): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> BigInt(capabilities[name])) & 1n) === 1n;
}

/** `userNamespacesMax` is of /proc/sys/user/max_user_namespaces; `switches` those of distributions that forbid
 * them to ordinary users, by path. */
export function judgePermissions(
  uid: number,
  status: string,
  userNamespacesMax: number,
  switches: Readonly<Record<string, string | undefined>>,
): Finding {
  const about = 'permissions';
  if (uid === 0) {
    if (!hasCapability(status, 'CAP_SYS_ADMIN'))
      return missing(
        about,
        'root without CAP_SYS_ADMIN',
        'run outside of this container, or give it --privileged: namespaces and mounts need it',
      );
    if (!hasCapability(status, 'CAP_SYS_RESOURCE'))
      return advise(
        about,
        'root without CAP_SYS_RESOURCE',
        'the monitors can’t protect themselves from the out-of-memory killer; give the capability where that matters',
      );
    return ok(about, 'root');
  }
  const user = `user ${uid}`;
  if (userNamespacesMax === 0)
    return missing(
      about,
      `${user}, and no user namespaces`,
      'run as root, or sysctl user.max_user_namespaces=15000',
    );
  if (switches['unprivileged_userns_clone']?.trim() === '0')
    return missing(
      about,
      `${user}, and user namespaces are root’s`,
      'run as root, or sysctl kernel.unprivileged_userns_clone=1',
    );
  if (switches['apparmor_restrict_unprivileged_userns']?.trim() === '1')
    return advise(
      about,
      `${user}; AppArmor restricts user namespaces`,
      'run as root, or give the runtime an AppArmor profile with `userns,`',
    );
  return ok(
    about,
    `${user}, with user namespaces (config.json has to be made for that: runc spec --rootless)`,
  );
}

/** A monitor has about a dozen files open, conmonctl some dozens. */
const openFilesMin = 256;
const openFilesEnough = 1024;

/** `limits` is the text of /proc/self/limits. */
export function judgeLimits(limits: string): Finding[] {
  const [files, processes] = ['Max open files', 'Max processes'].map(name => readLimit(limits, name));
  const findings = [
    files === undefined || files >= openFilesEnough
      ? ok('open files', formatLimit(files))
      : (files >= openFilesMin ? advise : missing)(
          'open files',
          formatLimit(files),
          `ulimit -n ${openFilesEnough}, or LimitNOFILE= of the service`,
        ),
  ];
  const enough = processes === undefined || processes >= processesEnough;
  findings.push(
    enough
      ? ok('processes', formatLimit(processes))
      : advise(
          'processes',
          formatLimit(processes),
          'ulimit -u, or TasksMax= of the service: each container has a monitor beside its own processes',
        ),
  );
  return findings;
}

const processesEnough = 1024;

/** Watches of directories, one instance for each `events`, `wait` and `logs -f`, one for each monitor on cgroup v2. */
const inotifyInstancesEnough = 128;

export function judgeInotify(instancesMax: number | undefined): Finding {
  const about = 'inotify';
  if (instancesMax === undefined) return advise(about, 'limits not readable', 'is /proc mounted?');
  const found = `${instancesMax} instances a user`;
  if (instancesMax >= inotifyInstancesEnough) return ok(about, found);
  return advise(about, found, `sysctl fs.inotify.max_user_instances=${8 * inotifyInstancesEnough}`);
}

export function judgeJournal(hasSocket: boolean): Finding {
  if (hasSocket) return ok('journald', 'listens');
  return advise(
    'journald',
    'does not run here',
    '--log-driver journald needs it; k8s-file, the default, does not',
  );
}

/** `addonMissing` says why the library's addon does not load; `undefined` where it does. */
export function judgeAddon(addonMissing: string | undefined): Finding {
  const about = 'addon';
  if (addonMissing === undefined) return ok(about, 'loads');
  return advise(
    about,
    addonMissing,
    'without it `attach`, `exec -i`, `exec -t` and `run` without -d are refused, and ends are noticed up to 0.1 s late',
  );
}

/** `comm` and `exe` are those of /proc/PID of a monitor at work. Callers tell monitors by them. */
export function judgeIdentity(comm: string, exe: string): Finding {
  const about = 'monitor’s identity';
  if (comm === 'conmon' && exe.split('/').at(-1) === 'conmon') return ok(about, `conmon, ${exe}`);
  return advise(
    about,
    `${comm}, ${exe}`,
    'tools look for a process of the name conmon whose /proc/PID/exe ends in /conmon: --conmon names another monitor',
  );
}

function readLimit(limits: string, name: string): number | undefined {
  const soft = limits
    .split('\n')
    .find(line => line.startsWith(name))
    ?.slice(name.length)
    .trim()
    .split(/\s+/)[0];
  return soft === undefined || soft === 'unlimited' ? undefined : Number(soft);
}

function formatLimit(limit: number | undefined): string {
  return limit === undefined ? 'no limit' : `up to ${limit}`;
}
