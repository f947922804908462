// Makes a home for Podman within the machine: configuration, storage, and an image called box. Argument: JSON `{}`.
// Prints JSON: the environment for podman.

import { mkdirSync, writeFileSync } from 'node:fs';
import { execa } from 'execa';
import { makeRootfs } from '../../podman/harness/machine.ts';

const home = '/tmp/podman';
for (const name of ['image', 'run', 'storage', 'tmp']) mkdirSync(`${home}/${name}`, { recursive: true });
// No limit may be raised where CAP_SYS_RESOURCE is missing, as in many virtual machines and CI runners; crun insists on
// raising one for Podman's containers, runc does not. And where version 1 of cgroups has the pids controller, version 2
// has not.
writeFileSync(
  `${home}/containers.conf`,
  `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "none"
pids_limit = 0
log_driver = "k8s-file"
[engine]
cgroup_manager = "systemd"
events_logger = "file"
lock_type = "file"
runtime = "runc"
tmp_dir = "${home}/run/libpod"
[network]
network_config_dir = "${home}/networks"
`,
);
writeFileSync(
  `${home}/storage.conf`,
  `[storage]\ndriver = "vfs"\ngraphroot = "${home}/storage"\nrunroot = "${home}/run/storage"\n`,
);
const env = {
  HOME: home,
  PATH: '/usr/sbin:/usr/bin',
  TMPDIR: `${home}/tmp`,
  CONTAINERS_CONF: `${home}/containers.conf`,
  CONTAINERS_STORAGE_CONF: `${home}/storage.conf`,
};
await makeRootfs(`${home}/image`);
await execa('tar', ['-C', `${home}/image`, '-cf', `${home}/image.tar`, '.']);
await execa('podman', ['import', '--quiet', `${home}/image.tar`, 'box'], { env, extendEnv: false });
console.log(JSON.stringify(env));
