import { defineCommand } from '../command.ts';

export const command = defineCommand({ positionals: {}, options: {}, examples: [], run: async () => 0 });
