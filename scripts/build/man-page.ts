// Man pages of the manuals in docs/, whose Markdown is kept to what a man page can show.
//
// The first line is `# name(section)`. Then: headings of levels 2 and 3, paragraphs of one line each, **bold** and
// *italic*, code blocks indented by four spaces, and lists of terms (`* **term**`) whose paragraphs are indented by
// two. Anything else is refused rather than shown wrongly.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { project } from './commands.ts';

export function writeManPages(folder: string): void {
  for (const name of ['conmon.8', 'conmonctl.1']) {
    const section = join(folder, `man${name.at(-1)}`);
    mkdirSync(section, { recursive: true });
    writeFileSync(
      join(section, name),
      formatManPage(readFileSync(join(project, 'docs', `${name}.md`), 'utf8')),
    );
  }
}

/** The man page, in roff's man macros, of a manual in Markdown. Throws an Error that names the line it cannot show. */
export function formatManPage(markdown: string): string {
  const [title = '', ...lines] = markdown.split('\n');
  const [, name, section] = /^# ([\w-]+)\((\d)\)$/.exec(title) ?? refuse(title);
  let roff = `.TH ${name!.toUpperCase()} ${section} "" "conmon-ts"\n`;
  let previous: Kind = 'text';
  for (const line of lines.filter(line => line !== '')) {
    const kind = kindOf(line);
    if (kind === 'code' && previous !== 'code') roff += '.PP\n.RS 4\n.nf\n';
    if (kind !== 'code' && previous === 'code') roff += codeEnd;
    roff += formatLine(kind, line, previous);
    previous = kind;
  }
  return previous === 'code' ? roff + codeEnd : roff;
}

type Kind = 'section' | 'subsection' | 'term' | 'text of a term' | 'code' | 'text';

const codeEnd = '.fi\n.RE\n';

function kindOf(line: string): Kind {
  if (line.startsWith('## ')) return 'section';
  if (line.startsWith('### ')) return 'subsection';
  if (line.startsWith('* *')) return 'term';
  if (line.startsWith('    ')) return 'code';
  if (/^ {2}\S/.test(line)) return 'text of a term';
  return /^[\s#>|`+\d-]|^\* /.test(line) ? refuse(line) : 'text';
}

function formatLine(kind: Kind, line: string, previous: Kind): string {
  switch (kind) {
    case 'section':
      return `.SH ${formatInline(line.slice(3))}\n`;
    case 'subsection':
      return `.SS ${formatInline(line.slice(4))}\n`;
    case 'term':
      return `.TP\n${textLine(formatInline(line.slice(2)))}`;
    case 'text of a term': // the first paragraph follows its term at once
      if (previous !== 'term' && previous !== 'text of a term') refuse(line);
      return `${previous === 'term' ? '' : '.IP\n'}${textLine(formatInline(line.slice(2)))}`;
    case 'code':
      return textLine(escapeText(line.slice(4)));
    case 'text':
      return `.PP\n${textLine(formatInline(line))}`;
  }
}

function formatInline(text: string): string {
  return text
    .split(/(\*\*[^*]+\*\*|\*[^*]+\*)/)
    .map(part => {
      if (part.startsWith('**')) return `\\fB${escapeText(part.slice(2, -2))}\\fR`;
      if (part.length > 1 && part.startsWith('*')) return `\\fI${escapeText(part.slice(1, -1))}\\fR`;
      return /[*`<]/.test(part) ? refuse(text) : escapeText(part);
    })
    .join('');
}

/** Backslashes, and the hyphens that are typed as such: a plain one is a dash that cannot be searched for. */
function escapeText(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-');
}

/** A dot or quote at the start of a line would be a macro. */
function textLine(text: string): string {
  return `${/^[.']/.test(text) ? '\\&' : ''}${text}\n`;
}

function refuse(line: string): never {
  throw new Error(`a man page cannot show: ${line}`);
}
