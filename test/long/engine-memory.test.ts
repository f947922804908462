// What a monitor has for itself after a million attach connects, a million resizes, a hundred thousand reopenings, ten
// gigabytes of log and a line in each second of a day.

process.env['MEMORY_SCALE'] = '1';
await import('../engine/memory.test.ts');
