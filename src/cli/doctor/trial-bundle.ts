// A bundle that runs a line of shell, made of what the machine has: its own programs, bound into an empty root.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the trial container says, and its exit code. */
export const trialWords = 'the trial container speaks';
export const trialExitCode = 7;

/** Where programs and their libraries are, distributions without /usr among them. */
const programs = [
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/lib64',
  '/usr',
  '/nix/store',
  '/gnu/store',
  '/run/current-system',
];

/** Writes the bundle to `dir`, and makes it. `uid` and `gid` are those of the caller. */
export function makeTrialBundle(dir: string, uid: number, gid: number): void {
  mkdirSync(join(dir, 'rootfs'), { recursive: true });
  const isRootless = uid !== 0;
  const namespaces = ['pid', 'ipc', 'uts', 'mount', ...(isRootless ? ['user'] : [])];
  const config = {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: ['/bin/sh', '-c', `echo "${trialWords}"; exit ${trialExitCode}`],
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      cwd: '/',
    },
    root: { path: 'rootfs', readonly: false },
    hostname: 'trial',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=65536k'] },
      ...programs.filter(existsSync).map(path => ({
        destination: path,
        type: 'bind',
        source: path,
        options: isRootless ? ['rbind'] : ['rbind', 'ro'],
      })),
    ],
    linux: {
      namespaces: namespaces.map(type => ({ type })),
      ...(isRootless
        ? {
            uidMappings: [{ containerID: 0, hostID: uid, size: 1 }],
            gidMappings: [{ containerID: 0, hostID: gid, size: 1 }],
          }
        : {}),
    },
  };
  writeFileSync(join(dir, 'config.json'), JSON.stringify(config));
}
