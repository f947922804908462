// What Podman and CRI-O start conmon with: as many variables and words as they give, since reading them takes time.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Podman hands its caller's whole environment on; this is about as much as a login shell has. */
export const callerEnvironment: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  ...Object.fromEntries(
    Array.from({ length: 25 }, (_, i) => [
      `VARIABLE_OF_A_LOGIN_${i}`,
      `/some/path/or/setting/number/${i}:and/another`,
    ]),
  ),
};

export const containerId = 'bench';

/** The files of one container or exec. */
export interface Folders {
  readonly bundle: string;
  readonly exits: string;
  readonly persist: string;
  readonly pidFile: string;
  readonly conmonPidFile: string;
  readonly log: string;
}

export function makeFolders(directory: string): Folders {
  const at = (name: string) => join(directory, name);
  const folders = { bundle: at('bundle'), exits: at('exits'), persist: at('persist') };
  for (const folder of Object.values(folders)) mkdirSync(folder);
  return { ...folders, pidFile: at('pidfile'), conmonPidFile: at('conmon-pidfile'), log: at('log') };
}

/** As Podman starts a container; `log` is the log driver's string. */
export function podmanCreate(runtime: string, folders: Folders, log = `k8s-file:${folders.log}`): string[] {
  return [...podmanShared(runtime, folders, containerId), '-l', log];
}

/** As Podman starts an exec; {@link callCleanup} comes after it. */
export function podmanExec(runtime: string, folders: Folders): string[] {
  const exec = ['-e', '--exec-attach', '--exec-process-spec', join(folders.bundle, 'process.json')];
  return [...podmanShared(runtime, folders, 'session'), '-l', 'none', ...exec];
}

function podmanShared(runtime: string, folders: Folders, session: string): string[] {
  return [
    ...['-c', containerId, '-u', session, '-n', 'name', '-r', runtime, '-b', folders.bundle],
    ...['-p', folders.pidFile, '-P', folders.conmonPidFile, '--exit-dir', folders.exits],
    ...['--persist-dir', folders.persist, '--full-attach', '--log-level', 'error'],
  ];
}

/** As CRI-O starts an exec, a kubelet's probe among them. */
export function crioExecSync(runtime: string, folders: Folders): string[] {
  return [
    ...['-c', containerId, '-n', 'name', '-r', runtime, '-p', folders.pidFile, '-e', '-l', folders.log],
    ...['--socket-dir-path', folders.persist, '--log-level', 'error', '--sync', '-T', '10'],
    ...['--log-global-size-max', '16777216'],
    ...['--exec-process-spec', join(folders.bundle, 'process.json'), '--runtime-arg', '--root=/run/runc'],
  ];
}

/** The exit command of Podman, with another program in its place. */
export const callCleanup: readonly string[] = [
  ...['--exit-command', '/bin/true'],
  ...[
    ...['--root', '/var/lib/containers/storage', '--runroot', '/run/containers/storage'],
    ...['--log-level', 'warning', '--cgroup-manager', 'systemd', '--tmpdir', '/run/libpod'],
    ...['--network-config-dir', '', '--network-backend', 'netavark'],
    ...['--volumepath', '/var/lib/containers/storage/volumes', '--db-backend', 'sqlite'],
    ...['--transient-store=false', '--runtime', 'crun', '--storage-driver', 'overlay'],
    ...['--storage-opt', 'overlay.mountopt=nodev,metacopy=on', '--events-backend', 'journald', '--syslog'],
    ...['container', 'cleanup', '--rm', '6f1c3c8d0a5b4e7f9d2a1b8c7e6f5d4c3b2a19087f6e5d4c3b2a1908f7e6d5c4'],
  ].flatMap(arg => ['--exit-command-arg', arg]),
];
