// Finds out whether containers can be run here at all, without any conmon: a failure is this machine's, not ours.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { probeJournald } from '../../journald/harness/probe.ts';
import { findConmons } from './conmons.ts';
import { busyboxPath, makeRootfs, podmanPath, runcPath, socatPath } from './machine.ts';

/** What is missing for the Podman suite, in words that complete "needs …"; undefined when it can run. */
export async function probePodman(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'root';
  if (podmanPath === undefined) return 'podman';
  if (runcPath === undefined) return 'runc';
  if (busyboxPath === undefined) return 'a static busybox (Debian: busybox-static)';
  if (socatPath === undefined) return 'socat';
  if (!findConmons().some(({ isReference }) => isReference))
    return 'the C conmon to compare with, as /usr/bin/conmon';
  if (!(await canLoadNodePty())) return 'node-pty, which npm builds when make, g++ and python3 are there';
  return (await probeRunc()) ?? probeJournald();
}

async function canLoadNodePty(): Promise<boolean> {
  return import('node-pty').then(
    () => true,
    () => false,
  );
}

async function probeRunc(): Promise<string | undefined> {
  const bundle = await mkdtemp(join(tmpdir(), 'conmon-ts-probe-'));
  try {
    await mkdir(join(bundle, 'rootfs'));
    await makeRootfs(join(bundle, 'rootfs'));
    await execa(runcPath!, ['spec'], { cwd: bundle });
    const config = JSON.parse(await readFile(join(bundle, 'config.json'), 'utf8'));
    config.process.terminal = false;
    config.process.args = ['/bin/true'];
    config.process.rlimits = [];
    await writeFile(join(bundle, 'config.json'), JSON.stringify(config));
    const id = `conmon-ts-probe-${process.pid}`;
    const { exitCode, stderr } = await execa(runcPath!, ['run', id], {
      cwd: bundle,
      reject: false,
      stdin: 'ignore',
    });
    return exitCode === 0
      ? undefined
      : `a kernel that lets runc start a container (runc says: ${stderr.trim()})`;
  } finally {
    await rm(bundle, { recursive: true, force: true });
  }
}
