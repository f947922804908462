// The measurements as a table for people: on a terminal, and in a page of the documentation.

import { readFileSync, writeFileSync } from 'node:fs';
import { type Contenders, forEach } from './contenders.ts';
import type { Machine } from './machine.ts';
import { best, judge, type Limit, median, type Sample } from './statistics.ts';

const begin = '<!-- what follows is written by npm run bench -->';
const end = '<!-- end of what npm run bench writes -->';

export function formatTable(contenders: Contenders, samples: readonly Sample[]): string {
  const rows = formatRows(contenders, samples);
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)));
  return rows
    .map(row =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
    )
    .map(line => line.trimEnd())
    .join('\n');
}

/** Everything, for programs. */
export function formatJson(contenders: Contenders, machine: Machine, samples: readonly Sample[]): string {
  const results = samples.map(sample => ({
    ...sample,
    medians: forEach<readonly number[], number>(sample, median),
    ...judge(sample),
  }));
  return `${JSON.stringify({ machine, contenders: forEach(contenders, ({ name }) => name), results }, null, 2)}\n`;
}

/** Replaces the part of the page at `path` that is between the two marks. */
export function rewritePage(
  path: string,
  contenders: Contenders,
  machine: Machine,
  samples: readonly Sample[],
): void {
  const page = readFileSync(path, 'utf8');
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${path} has no marks between which to write`);
  const text = `${begin}\n\n${describe(machine)}\n\n${formatMarkdown(contenders, samples)}\n\n`;
  writeFileSync(path, page.slice(0, from) + text + page.slice(to));
}

function formatMarkdown(contenders: Contenders, samples: readonly Sample[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const [headings, ...rows] = formatRows(contenders, samples);
  const alignments = headings!.map((_, i) => (i === 0 ? '---' : '---:'));
  return [headings!, alignments, ...rows].map(line).join('\n');
}

function describe({ date, processors, memory, kernel, system, load, versions }: Machine): string {
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `Measured on ${date}: ${processors}, ${memory}, ${kernel}, ${system}; ${programs.join(', ')}. Load average at the start: ${load.toFixed(1)}.`;
}

/** The headings and a row for each sample: of each conmon the median and the best, then ours compared with theirs. */
function formatRows({ other, theirs, ours }: Contenders, samples: readonly Sample[]): string[][] {
  const columns = [other, theirs, ours].filter(conmon => conmon !== undefined);
  return [
    ['', ...columns.flatMap(({ name }) => [name, 'best']), 'compared', 'at most', ''],
    ...samples.map(sample => {
      const { name, limit, unit } = sample;
      const { value, isMet } = judge(sample);
      const figures = [...(other === undefined ? [] : [sample.other ?? []]), sample.theirs, sample.ours];
      return [
        name,
        ...figures.flatMap(values => [
          `${formatFigure(median(values))} ${unit}`,
          formatFigure(best(sample, values)),
        ]),
        value === undefined ? '' : formatCompared(limit?.kind ?? 'times', value, unit),
        limit === undefined ? '' : formatCompared(limit.kind, limit.atMost, unit),
        isMet === undefined ? '' : isMet ? 'met' : 'missed',
      ];
    }),
  ];
}

function formatCompared(kind: Limit['kind'], value: number, unit: string): string {
  if (kind === 'times') return `× ${value.toFixed(value < 2 ? 3 : 2)}`;
  if (kind === 'plus') return `${value < 0 ? '−' : '+'}${formatFigure(Math.abs(value))} ${unit}`;
  return `${formatFigure(value)} ${unit}`;
}

/** Three digits that matter. */
function formatFigure(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
