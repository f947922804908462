// The model again, with five thousand operations.

process.env['MODEL_OPERATIONS'] = '500';
await import('../e2e/manager-model.test.ts');
