// The heap's blocks again, with fifty seeds: twenty million steps.

process.env['BLOCKS_SEEDS'] = '50';
await import('../engine/blocks.test.ts');
