// A type and nothing else, which every room of the monitor may name.

/** The container's two output streams; with a terminal all of it is stdout. */
export type StreamName = 'stdout' | 'stderr';
