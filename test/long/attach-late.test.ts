// Twenty thousand clients that attach late on a busy machine.

process.env['CONMON_ATTACHES'] = '10000';
await import('../e2e/attach-late.test.ts');
