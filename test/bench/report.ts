// The measurements as a table for people: on a terminal, and in a page of the documentation.

import { readFileSync, writeFileSync } from 'node:fs';
import type { Machine } from './machine.ts';
import { best, judge, type Limit, median, type Sample } from './statistics.ts';

const headings = ['', 'C conmon', 'best', 'conmon-ts', 'best', 'compared', 'at most', ''] as const;
const begin = '<!-- what follows is written by npm run bench -->';
const end = '<!-- end of what npm run bench writes -->';

export function formatTable(samples: readonly Sample[]): string {
  const rows = [[...headings], ...samples.map(formatRow)];
  const widths = headings.map((_, column) => Math.max(...rows.map(row => row[column]!.length)));
  return rows
    .map(row =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
    )
    .map(line => line.trimEnd())
    .join('\n');
}

/** Everything, for programs. */
export function formatJson(machine: Machine, samples: readonly Sample[]): string {
  const results = samples.map(sample => ({
    ...sample,
    medians: { theirs: median(sample.theirs), ours: median(sample.ours) },
    ...judge(sample),
  }));
  return `${JSON.stringify({ machine, results }, null, 2)}\n`;
}

/** Replaces the part of the page at `path` that is between the two marks. */
export function rewritePage(path: string, machine: Machine, samples: readonly Sample[]): void {
  const page = readFileSync(path, 'utf8');
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${path} has no marks between which to write`);
  const text = `${begin}\n\n${describe(machine)}\n\n${formatMarkdown(samples)}\n\n`;
  writeFileSync(path, page.slice(0, from) + text + page.slice(to));
}

function formatMarkdown(samples: readonly Sample[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [headings, headings.map((_, i) => (i === 0 ? '---' : '---:')), ...samples.map(formatRow)]
    .map(line)
    .join('\n');
}

function describe({ date, processors, memory, kernel, system, load, versions }: Machine): string {
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `Measured on ${date}: ${processors}, ${memory}, ${kernel}, ${system}; ${programs.join(', ')}. Load average at the start: ${load.toFixed(1)}.`;
}

function formatRow(sample: Sample): string[] {
  const { name, theirs, ours, limit } = sample;
  const { value, isMet } = judge(sample);
  const amount = (figure: number) => `${formatFigure(figure)} ${sample.unit}`;
  return [
    name,
    amount(median(theirs)),
    formatFigure(best(sample, theirs)),
    amount(median(ours)),
    formatFigure(best(sample, ours)),
    value === undefined ? '' : formatCompared(limit?.kind ?? 'times', value, sample.unit),
    limit === undefined ? '' : formatCompared(limit.kind, limit.atMost, sample.unit),
    isMet === undefined ? '' : isMet ? 'met' : 'not met',
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
