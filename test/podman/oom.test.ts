import assert from 'node:assert/strict';
import { existsSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { until } from '../fixtures/waiting.ts';
import { underEachConmon } from './harness/under-each-conmon.ts';

const limit = ['--memory', '16m', '--memory-swap', '16m'];
const eat = 'exec dd if=/dev/zero of=/dev/null bs=200M';
const waitForGo = 'mkfifo /go; echo ready; cat /go';

// Podman 4.3 gives conmon no persist directory, so the marker `oom` is in the bundle directory alone; and it is gone
// after the clean-up, so that a test has to look at the right moment.
underEachConmon('out of memory', podman => {
  const bundleOf = async (container: string) =>
    dirname(await podman().inspect(container, '{{.OCIConfigPath}}'));

  test('a child that the kernel kills leaves the marker while its parent goes on, and inspect shows it', async () => {
    const script = `${waitForGo}; sh -c '${eat}'; echo child gave $?; cat /go; exit 9`;
    await podman().runDetached('--name', 'eater', ...limit, 'box', 'sh', '-c', script);
    await podman().untilLogged('eater', 'ready');
    await podman().writeToGo('eater');
    await podman().untilLogged('eater', 'child gave 137');
    const marker = join(await bundleOf('eater'), 'oom');
    // Not seen under C conmon 2.1.6 with cgroup versions 1 and 2 mounted side by side, so nothing is asked of it.
    const isShown = !podman().conmon.isReference;
    if (isShown) await until('the marker', () => existsSync(marker));
    await podman().writeToGo('eater');
    assert.equal(await podman().ok('wait', 'eater'), '9');
    if (isShown) assert.equal(await podman().inspect('eater', '{{.State.OOMKilled}}'), 'true');
  });

  test('a container that the kernel kills whole gives 137, and leaves the marker', async () => {
    await podman().runDetached('--name', 'eater', ...limit, 'box', 'sh', '-c', `${waitForGo}; ${eat}`);
    await podman().untilLogged('eater', 'ready');
    const created = new Set<string | null>();
    const watcher = watch(await bundleOf('eater'), (_, name) => created.add(name));
    try {
      await podman().writeToGo('eater');
      assert.equal(await podman().ok('wait', 'eater'), '137');
      // Under C conmon the marker was not always there on cgroup version 1, so nothing is asked of it.
      if (!podman().conmon.isReference) await until('the marker', () => created.has('oom'));
    } finally {
      watcher.close();
    }
  });

  test('a container killed by somebody leaves no marker', async () => {
    await podman().runDetached('--name', 'modest', ...limit, 'box', 'sleep', '1000');
    const created = new Set<string | null>();
    const watcher = watch(await bundleOf('modest'), (_, name) => created.add(name));
    try {
      await podman().ok('kill', 'modest');
      assert.equal(await podman().ok('wait', 'modest'), '137');
      await until('the end of conmon', () => podman().listConmons().length === 0);
      await until('the watch to tell that the attach socket went away', () => created.has('attach'));
      assert.ok(!created.has('oom'));
    } finally {
      watcher.close();
    }
  });
});
