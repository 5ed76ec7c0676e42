// Builds the web UI into dist/ui, where the broker's HTTP server finds it; in development it serves the
// sources and passes /api on to the broker named by LEVERET_UI_BROKER.

import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { bundleBudget } from "./build/bundle-budget.ts";
import { themeStyles } from "./build/theme-styles.ts";

const here = dirname(fileURLToPath(import.meta.url));
const broker = process.env.LEVERET_UI_BROKER ?? "http://localhost:15672";

export default defineConfig({
  root: here,
  // Relative, so that the pages also work under a path prefix.
  base: "./",
  plugins: [
    react(),
    themeStyles(),
    bundleBudget({
      page: "src/pages/overview/overview-page.tsx",
      limitBytes: 300 * 1024,
    }),
  ],
  build: {
    outDir: resolve(here, "../dist/ui"),
    emptyOutDir: true,
    target: "es2022",
    // A data: URL would need an exception in the content security policy.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    // How long its parts took is nothing that whoever starts a broker wants to read.
    rolldownOptions: { checks: { bundlerTimings: false } },
  },
  server: { proxy: { "/api": { target: broker } } },
});
