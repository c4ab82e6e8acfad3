import { defineConfig, type Plugin } from "vite";

/** The route of functions/dashboard.ts. */
const BASE = "/api/dashboard/";

const isPlotter = (name: string) => /uplot.*\.js$/i.test(name);

/**
 * What the chart's library makes of `Intl` when it is loaded, for labels that we write ourselves. A browser that has
 * not used `Intl` yet loads its tables for it, which took longer than all the rest of the library.
 */
const UNUSED: readonly (readonly [string, string])[] = [
  ["new Intl.NumberFormat(domEnv ? nav.language : 'en-US')", "{ format: String }"],
  ["new Intl.DateTimeFormat().resolvedOptions().timeZone", "undefined"],
];

/**
 * The library is a file of its own, wanted when the first answer is there. It is fetched with the page, so that it
 * does not stand in line behind the questions then: a browser has six connections to a host.
 */
const chartsInTime: Plugin = {
  name: "charts-in-time",
  transform(code, id) {
    if (!id.endsWith("uPlot.esm.js")) return undefined;
    return UNUSED.reduce((text, [from, to]) => {
      if (!text.includes(from)) throw new Error(`uPlot has changed: it no longer says ${from}`);
      return text.replace(from, to);
    }, code);
  },
  transformIndexHtml: {
    order: "post",
    handler: (_html, { bundle = {} }) =>
      Object.keys(bundle)
        .filter(isPlotter)
        .map((name) => ({
          tag: "link",
          attrs: { rel: "modulepreload", crossorigin: true, href: `${BASE}${name}` },
          injectTo: "head" as const,
        })),
  },
};

export default defineConfig({
  root: import.meta.dirname,
  base: BASE,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [chartsInTime],
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
