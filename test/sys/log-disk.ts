// A small file system for the log tests, over the scripted Sys: directories, files, a capacity, and faults that a
// test puts in front of any call.

import { posix } from 'node:path';
import { O_APPEND, O_CREAT, O_EXCL, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../../src/sys/constants.ts';
import { EAGAIN, EEXIST, EISDIR, ELOOP, ENOENT, ENOSPC } from '../../src/sys/errno.ts';
import { createScriptedSys, type ScriptedSys } from '../../src/sys/scripted.ts';

interface Node {
  mode: number;
  uid: number;
  /** The inode's number in two halves of 32 bits, the upper one first. */
  inode: readonly [number, number];
  bytes: Buffer;
  readonly names: Map<string, Node>;
}

/** An open file description. */
interface OpenFile {
  readonly node: Node;
  readonly appends: boolean;
  offset: number;
}

/** Returns an errno, negative, for the call to fail with; undefined to let it pass. */
export type Fault = (call: string, detail: string) => number | undefined;

/** Above the fds of the scripted Sys, which drivers without a file have. */
const ownFdMin = 1000;

export class LogDisk {
  readonly sys: ScriptedSys = createScriptedSys();
  /** The one directory there is in the root, by the name of /log. */
  readonly directory: Node;
  /** Bytes that all files together may have. */
  capacity = Number.POSITIVE_INFINITY;
  fault: Fault = () => undefined;
  /** Who new files belong to. */
  uid = 0;
  /** Bytes that what is no regular file takes until it would have to be waited for. */
  room = Number.POSITIVE_INFINITY;
  /** Names that appeared, as an inotify watch of the directory would tell. */
  readonly created: string[] = [];
  readonly #fds = new Map<number, OpenFile>();
  readonly #root: Node;
  #nextInode = 10;
  #nextFd = ownFdMin;

  constructor() {
    this.#root = this.#node(S_IFDIR | 0o755);
    this.directory = this.#node(S_IFDIR | 0o755);
    this.#root.names.set('log', this.directory);
    this.#serve();
  }

  /** Every file, by name. */
  get files(): Record<string, string> {
    return Object.fromEntries(
      [...this.directory.names].map(([name, node]) => [name, node.bytes.toString('latin1')]),
    );
  }

  get openFds(): number {
    return this.#fds.size;
  }

  isOpen(fd: number, node: Node): boolean {
    return this.#fds.get(fd)?.node === node;
  }

  put(name: string, content: string, mode = S_IFREG | 0o640): Node {
    const node = this.#node(mode);
    node.bytes = Buffer.from(content, 'latin1');
    this.directory.names.set(name, node);
    return node;
  }

  symlink(name: string): void {
    this.put(name, '', S_IFLNK | 0o777);
  }

  /** Changes whose the directory is, or its mode. */
  change(to: { mode?: number; uid?: number }): void {
    Object.assign(this.directory, to);
  }

  /** Another writer cuts the file or appends to it. */
  truncate(name: string, bytes = 0): void {
    const node = this.directory.names.get(name)!;
    node.bytes = node.bytes.subarray(0, bytes);
  }

  append(name: string, content: string): void {
    const node = this.directory.names.get(name)!;
    node.bytes = Buffer.concat([node.bytes, Buffer.from(content, 'latin1')]);
  }

  remove(name: string): void {
    this.directory.names.delete(name);
  }

  mode(name: string): number {
    return this.directory.names.get(name)!.mode & 0o7777;
  }

  #node(mode: number): Node {
    const inode = [0, this.#nextInode++] as const;
    return { mode, uid: this.uid, inode, bytes: Buffer.alloc(0), names: new Map() };
  }

  #used(): number {
    const open = [...this.#fds.values()].map(({ node }) => node);
    const nodes = new Set([...this.directory.names.values(), ...open]);
    return [...nodes].reduce((sum, node) => sum + node.bytes.length, 0);
  }

  #open(directory: Node, name: string, flags: number, mode: number): number {
    let node = name === '..' ? this.#root : directory.names.get(name);
    if (node && flags & O_EXCL) return -EEXIST;
    if (node && (node.mode & S_IFMT) === S_IFLNK) return -ELOOP;
    if (!node && !(flags & O_CREAT)) return -ENOENT;
    if (!node) {
      node = this.#node(S_IFREG | mode);
      directory.names.set(name, node);
      this.created.push(name);
    }
    return this.#fd(node, flags);
  }

  #fd(node: Node, flags: number): number {
    this.#fds.set(this.#nextFd, { node, appends: (flags & O_APPEND) !== 0, offset: 0 });
    return this.#nextFd++;
  }

  #stat(node: Node, out: Float64Array): number {
    const [upper, lower] = node.inode;
    out.set([node.mode, node.uid, 0, node.bytes.length, 1, lower, 1, 0, upper]);
    return 0;
  }

  #write(fd: number, bytes: Uint8Array): number {
    const file = this.#fds.get(fd)!;
    const { node, appends } = file;
    if ((node.mode & S_IFMT) !== S_IFREG) return this.#writeStream(node, bytes);
    const taken = Math.min(bytes.length, this.capacity - this.#used());
    if (taken <= 0) return -ENOSPC;
    const at = appends ? node.bytes.length : file.offset;
    const before = Buffer.alloc(at); // with a hole where the file is shorter
    node.bytes.copy(before);
    node.bytes = Buffer.concat([before, bytes.subarray(0, taken), node.bytes.subarray(at + taken)]);
    file.offset = at + taken;
    return taken;
  }

  #writeStream(node: Node, bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.room);
    if (taken <= 0) return -EAGAIN;
    this.room -= taken;
    node.bytes = Buffer.concat([node.bytes, bytes.subarray(0, taken)]);
    return taken;
  }

  #rename(from: string, to: string): number {
    const node = this.directory.names.get(from);
    if (!node) return -ENOENT;
    this.directory.names.delete(from);
    this.directory.names.set(to, node);
    this.created.push(to);
    return 0;
  }

  #serve(): void {
    const or = (call: string, detail: string, go: () => number): number => this.fault(call, detail) ?? go();
    const directories = new Map([
      ['/', this.#root],
      ['/log', this.directory],
    ]);
    const base = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
    this.sys
      .always('open', (path, flags, mode) =>
        or('open', path, () => {
          const directory = directories.get(posix.resolve('/', path));
          return directory === undefined
            ? this.#open(this.directory, base(path), flags, mode)
            : this.#fd(directory, flags);
        }),
      )
      .always('openat', (fd, name, flags, mode) =>
        or('openat', name, () => this.#open(this.#fds.get(fd)!.node, name, flags, mode)),
      )
      .always('close', fd => {
        if (fd >= ownFdMin && !this.#fds.delete(fd)) throw new Error(`fd ${fd} is not open`);
        return 0;
      })
      .always('write', (fd, buf, offset, length) =>
        or('write', String(length), () => this.#write(fd, buf.subarray(offset, offset + length))),
      )
      .always('fstat', (fd, out) => or('fstat', String(fd), () => this.#stat(this.#fds.get(fd)!.node, out)))
      .always('lstatat', (_fd, name, out) =>
        or('lstatat', name, () => {
          const node = this.directory.names.get(name);
          return node ? this.#stat(node, out) : -ENOENT;
        }),
      )
      .always('ftruncate', (fd, length) =>
        or('ftruncate', String(length), () => {
          const { node } = this.#fds.get(fd)!;
          node.bytes = node.bytes.subarray(0, length);
          return 0;
        }),
      )
      .always('renameat', (_from, from, _to, to) =>
        or('renameat', `${from} ${to}`, () => this.#rename(from, to)),
      )
      .always('unlinkat', (_fd, name) =>
        or('unlinkat', name, () => {
          const node = this.directory.names.get(name);
          if (!node) return -ENOENT;
          if ((node.mode & S_IFMT) === S_IFDIR) return -EISDIR;
          this.directory.names.delete(name);
          return 0;
        }),
      );
  }
}
