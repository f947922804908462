declare module 'write-file-atomic' {
  /** Writes to a temporary file beside `path`, syncs it, and renames it onto `path`. */
  export default function writeFileAtomic(
    path: string,
    data: string | Uint8Array,
    options?: { readonly mode?: number; readonly fsync?: boolean },
  ): Promise<void>;
}
