// The public surface of the library as a text, docs/api/conmon-ts.api.md: what changes of it is seen in review.
//
//   api-report.ts    writes it anew

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';

const project = join(import.meta.dirname, '..');

/** Path of the report. */
export const reportPath = join(project, 'docs/api/conmon-ts.api.md');

/** What the report has to be, and what is wrong with the surface itself, in words. */
export function makeReport(): { readonly text: string; readonly faults: readonly string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'conmon-ts-api-'));
  try {
    compileDeclarations(folder);
    const faults: string[] = [];
    Extractor.invoke(configure(folder), {
      localBuild: true,
      messageCallback: message => {
        if (message.logLevel === ExtractorLogLevel.Error)
          faults.push(message.formatMessageWithLocation(folder));
        message.handled = true;
      },
    });
    return { text: readFileSync(join(folder, 'conmon-ts.api.md'), 'utf8'), faults };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** As npm's package has them, which API Extractor then takes for one in that folder. */
function compileDeclarations(folder: string): void {
  const tsc = join(project, 'node_modules/.bin/tsc');
  const options = ['--emitDeclarationOnly', '--outDir', join(folder, 'lib')];
  execFileSync(tsc, ['-p', join(project, 'tsconfig.lib.json'), ...options]);
  copyFileSync(join(project, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'));
}

function configure(folder: string): ExtractorConfig {
  const entry = join(folder, 'lib/manager/index.d.ts');
  const compilerOptions = {
    ...{ target: 'es2024', lib: ['es2024'], module: 'nodenext', moduleResolution: 'nodenext' },
    ...{ types: ['node'], strict: true, skipLibCheck: true },
  };
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: entry,
      compiler: { overrideTsconfig: { compilerOptions, files: [entry] } },
      apiReport: {
        enabled: true,
        reportFileName: 'conmon-ts.api.md',
        reportFolder: folder,
        reportTempFolder: join(folder, 'temp'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.Error },
          // All that is exported is public.
          'ae-missing-release-tag': { logLevel: ExtractorLogLevel.None },
          'ae-undocumented': { logLevel: ExtractorLogLevel.None },
          // It knows no members that are inherited; typedoc does, and looks at the links.
          'ae-unresolved-link': { logLevel: ExtractorLogLevel.None },
        },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(folder, 'package.json'),
  });
}

if (import.meta.main) {
  const { text, faults } = makeReport();
  for (const fault of faults) console.error(fault);
  writeFileSync(reportPath, text);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
