// The model again, with five thousand operations, and three hundred over runc.

process.env['MODEL_OPERATIONS'] = '500';
process.env['MODEL_RUNC_OPERATIONS'] = '30';
await import('../e2e/manager-model.test.ts');
