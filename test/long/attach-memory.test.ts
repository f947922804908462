// What a monitor has for itself with a thousand attach clients that do not read.

process.env['MEMORY_CLIENTS'] = '1000';
await import('../engine/attach-memory.test.ts');
