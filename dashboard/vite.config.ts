import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  // The route of functions/dashboard.ts.
  base: "/api/dashboard/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    // data: addresses are refused by the page's policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
