import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatManPage } from '../../../scripts/build/man-page.ts';

const page = (...lines: string[]) => formatManPage(['# conmon(8)', '', ...lines, ''].join('\n'));
const head = '.TH CONMON 8 "" "conmon-ts"\n';

test('man page: headings, paragraphs, terms and code become their macros', () => {
  assert.equal(page('## NAME', '', 'conmon - it'), `${head}.SH NAME\n.PP\nconmon \\- it\n`);
  assert.equal(
    page('### Part', '* **-c** *ID*', '', '  One.', '', '  Two.', '', 'Text'),
    `${head}.SS Part\n.TP\n\\fB\\-c\\fR \\fIID\\fR\nOne.\n.IP\nTwo.\n.PP\nText\n`,
  );
  assert.equal(
    page('    ls -l', '', '    .x', 'Text'),
    `${head}.PP\n.RS 4\n.nf\nls \\-l\n\\&.x\n.fi\n.RE\n.PP\nText\n`,
  );
  assert.equal(page('    ls'), `${head}.PP\n.RS 4\n.nf\nls\n.fi\n.RE\n`);
});

test('man page: text cannot become a macro or an escape', () => {
  assert.equal(page('.SH x'), `${head}.PP\n\\&.SH x\n`);
  assert.equal(page("'x \\fB"), `${head}.PP\n\\&'x \\efB\n`);
});

test('man page: what it has no macro for is refused, not shown wrongly', () => {
  for (const line of [
    '| a |',
    '> quote',
    '* item',
    '- item',
    '1. item',
    '#### deep',
    '`code`',
    'a `b`',
    '<b>',
    'a * b',
    '  loose',
    '   odd',
  ]) {
    assert.throws(() => page(line), { message: `a man page cannot show: ${line}` }, line);
  }
  assert.throws(() => formatManPage('no title'));
});

test('man page: the manual of conmon can be shown', () => {
  const roff = formatManPage(readFileSync(join(import.meta.dirname, '../../../docs/conmon.8.md'), 'utf8'));
  assert.match(roff, /^\.TH CONMON 8 /);
  assert.match(roff, /^\.SH NAME\n\.PP\nconmon \\- /m);
});
