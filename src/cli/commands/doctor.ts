import { defineCommand } from '../command.ts';
import type { Finding, Verdict } from '../doctor/finding.ts';
import { judgeAddon } from '../doctor/judge.ts';
import { examineMachine } from '../doctor/machine.ts';
import { examinePrograms } from '../doctor/programs.ts';
import { exitFailure } from '../exit-status.ts';
import { wantsColour } from '../output.ts';
import { printable } from '../table.ts';

export const command = defineCommand({
  positionals: {},
  options: { json: { type: 'boolean', describe: 'Print the findings as JSON' } },
  examples: [
    ['$0 doctor', 'Check this machine; runs a container of a second'],
    ['$0 --runtime crun doctor', 'The same with another runtime'],
  ],
  notes: 'Exit status: 0 where all that is needed is there, 1 otherwise. Advice does not change it.',

  async run(args, cli) {
    const { kernel } = await import('../../manager/kernel/choose.ts');
    const findings = [
      ...examineMachine(cli.globals.root),
      judgeAddon((await kernel()).addonMissing),
      ...(await examinePrograms(cli)),
    ];
    const isReady = !findings.some(({ verdict }) => verdict === 'missing');
    if (args.json) cli.printJson({ ready: isReady, findings });
    else for (const line of formatFindings(findings, wantsColour(process.stdout))) cli.print(line);
    return isReady ? 0 : exitFailure;
  },
});

const colours: Readonly<Record<Verdict, string>> = { ok: '32', advice: '33', missing: '31' };

function formatFindings(findings: readonly Finding[], colour: boolean): string[] {
  const width = Math.max(...findings.map(({ about }) => about.length));
  const lines = findings.flatMap(({ about, verdict, found, todo }) => {
    const word = verdict.padEnd('missing'.length);
    const shown = colour ? `\x1b[${colours[verdict]}m${word}\x1b[0m` : word;
    const indent = ' '.repeat(word.length + width + 4);
    const fact = `${shown}  ${about.padEnd(width)}  ${printable(found)}`;
    return todo === undefined ? [fact] : [fact, `${indent}→ ${todo}`];
  });
  const count = (verdict: Verdict) => findings.filter(finding => finding.verdict === verdict).length;
  const sum = count('missing') > 0 ? 'Containers can’t be run here yet.' : 'Containers can be run here.';
  return [...lines, '', `${sum} ${count('missing')} missing, ${count('advice')} to think about.`];
}
