// A build plugin that adds up what the browser must load to show one page (the entry, the page's chunk and
// everything they import statically, scripts and styles, gzipped) and fails the build over a limit.

import { gzipSync } from "node:zlib";
import type { Plugin, Rollup } from "vite";

export interface BundleBudget {
  /** Module of the page, as a path that the module's id ends with. */
  readonly page: string;
  /** Most gzipped bytes of scripts and styles together. */
  readonly limitBytes: number;
}

/** The plugin: prints the figure on every build and throws when it is over the limit. */
export function bundleBudget(budget: BundleBudget): Plugin {
  return {
    name: "bundle-budget",
    apply: "build",
    generateBundle(_options, bundle) {
      const files = filesOfPage(bundle, budget.page);
      let totalBytes = 0;
      for (const file of files) totalBytes += gzippedBytes(bundle[file]);
      const figure = `${kib(totalBytes)} of ${kib(budget.limitBytes)} KiB gzipped in ${files.size} files`;
      if (totalBytes > budget.limitBytes) {
        this.error(`${budget.page} needs ${figure}: over its budget`);
      }
      this.info(`${budget.page} needs ${figure}`);
    },
  };
}

function filesOfPage(bundle: Rollup.OutputBundle, page: string): Set<string> {
  const files = new Set<string>();
  const add = (name: string): void => {
    const chunk = bundle[name];
    if (files.has(name) || chunk === undefined) return;
    files.add(name);
    if (chunk.type !== "chunk") return;
    for (const imported of chunk.imports) add(imported);
    for (const style of stylesOf(chunk)) add(style);
  };
  let found = false;
  for (const chunk of Object.values(bundle)) {
    if (chunk.type !== "chunk") continue;
    const isPage = chunk.moduleIds.some((id) => id.replaceAll("\\", "/").endsWith(page));
    found ||= isPage;
    if (chunk.isEntry || isPage) add(chunk.fileName);
  }
  if (!found) throw new Error(`no chunk holds ${page}`);
  return files;
}

function stylesOf(chunk: Rollup.OutputChunk): Iterable<string> {
  const metadata = (chunk as { viteMetadata?: { importedCss?: Set<string> } }).viteMetadata;
  return metadata?.importedCss ?? [];
}

function gzippedBytes(output: Rollup.OutputAsset | Rollup.OutputChunk | undefined): number {
  if (output === undefined) return 0;
  const content = output.type === "chunk" ? output.code : output.source;
  return gzipSync(content).byteLength;
}

function kib(bytes: number): string {
  return (bytes / 1024).toFixed(1);
}
