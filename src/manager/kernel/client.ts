// The kernel by the addon: the library's end of the waiting thread, which is one for all containers of a process. It
// keeps the process alive only while somebody waits.

import { writeSync } from 'node:fs';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { EFD_CLOEXEC, EFD_NONBLOCK } from '../../sys/constants.ts';
import { errorName, errorWords } from '../../sys/errno.ts';
import type { Sys } from '../../sys/sys.ts';
import { ManagerError } from '../errors.ts';
import { isRunning, type ProcessIdentity } from '../processes.ts';
import type { AttachSocket, Kernel, Watch } from './kernel.ts';
import type { KernelReport, KernelRequest } from './messages.ts';
import { SharedWatches } from './shared-watches.ts';

type Listener = (report: KernelReport) => void;

export class KernelClient implements Kernel {
  readonly addonMissing = undefined;
  readonly #sys: Sys;
  readonly #onFailure: () => void;
  readonly #port: MessagePort;
  readonly #listeners = new Map<number, Listener>();
  readonly #watches = new SharedWatches(process => this.#startWatch(process));
  /** An eventfd: the thread takes requests when it has been written to. It is there before the thread, which can so be
   * told to end at any time. */
  #wakeFd: number;
  #nextKey = 1;
  readonly #quit = () => this.#request({ op: 'quit' });

  /** Starts the thread. `onFailure` is called where that fails: nothing comes of this client from then on. Throws a
   * {@link ManagerError} where the kernel refuses. */
  constructor(sys: Sys, onFailure: () => void) {
    this.#sys = sys;
    this.#onFailure = onFailure;
    this.#wakeFd = sys.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (this.#wakeFd < 0) throw kernelError({ errno: -this.#wakeFd, syscall: 'eventfd' });
    const { port1, port2 } = new MessageChannel();
    const file = import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js';
    this.#port = port1;
    try {
      const worker = new Worker(new URL(file, import.meta.url), {
        workerData: { port: port2, wakeFd: this.#wakeFd },
        transferList: [port2],
      });
      worker.on('error', error => this.#failAll(error));
      worker.unref();
    } catch (error) {
      sys.close(this.#wakeFd);
      throw error;
    }
    this.#port.on('message', (report: KernelReport) => this.#listeners.get(report.key)?.(report));
    this.#port.unref();
    // Node joins its threads at exit; one that waits in the kernel has to be told.
    process.on('exit', this.#quit);
  }

  watchProcess(process: ProcessIdentity): Watch {
    return this.#watches.watch(process);
  }

  connect(directory: string, listener: (report: KernelReport) => void): AttachSocket {
    const key = this.#listen(listener);
    this.#request({ op: 'connect', key, directory, name: 'attach' });
    return {
      send: bytes => this.#request({ op: 'send', key, bytes }),
      finish: () => this.#request({ op: 'finish', key }),
      allow: bytes => this.#request({ op: 'credit', key, bytes }),
      close: () => this.#forget(key),
    };
  }

  #startWatch(process: ProcessIdentity): Watch {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const end = (settle: () => void) => {
      this.#forget(key);
      settle();
    };
    const key = this.#listen(report => {
      if (report.report === 'gone') end(resolve);
      else if (report.report === 'failed') end(() => reject(kernelError(report)));
      // Held by the pidfd from here on; if it is not the one meant, the one meant is gone.
      else if (report.report === 'connected' && !isRunning(process)) end(resolve);
    });
    this.#request({ op: 'watch', key, pid: process.pid });
    promise.catch(() => {});
    return { gone: promise, stop: () => this.#forget(key) };
  }

  /** A key under which reports reach `listener`, until it is forgotten. */
  #listen(listener: Listener): number {
    const key = this.#nextKey++;
    this.#listeners.set(key, listener);
    this.#port.ref();
    return key;
  }

  /** Closes whatever has this key. */
  #forget(key: number): void {
    if (!this.#listeners.delete(key)) return;
    this.#request({ op: 'close', key });
    if (this.#listeners.size === 0) this.#port.unref();
  }

  #request(request: KernelRequest): void {
    this.#port.postMessage(request);
    if (this.#wakeFd >= 0) writeSync(this.#wakeFd, wakeOnce);
  }

  #failAll(error: unknown): void {
    this.#onFailure();
    process.off('exit', this.#quit);
    this.#sys.close(this.#wakeFd);
    this.#wakeFd = -1;
    const words = error instanceof Error ? error.message : String(error);
    for (const [key, listener] of [...this.#listeners])
      listener({ report: 'failed', key, errno: 0, syscall: words });
    this.#listeners.clear();
  }
}

/** A report of failure as an error. */
export function kernelError(report: { readonly errno: number; readonly syscall: string }): ManagerError {
  if (report.errno === 0)
    return new ManagerError('ERR_THREAD', `the waiting thread failed: ${report.syscall}`);
  return new ManagerError(errorName(report.errno), `${report.syscall}: ${errorWords(report.errno)}`);
}

/** What adds one to an eventfd, in the machine's byte order. */
const wakeOnce = new Uint8Array(new BigUint64Array([1n]).buffer);
