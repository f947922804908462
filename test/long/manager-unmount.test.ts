// The races again, with two hundred unmounts.

process.env['MANAGER_UNMOUNTS'] = '200';
await import('../e2e/manager-races.test.ts');
