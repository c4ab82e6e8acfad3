import { describe, expect, it } from "@jest/globals";
import { circlesOf, codeOf, covers, importsOf, isAllowed, sources, told } from "./support/imports.ts";

/**
 * The walls around what stands beside `src/`, as data: for each room what it may import, as in `arrows.test.ts`.
 * Places are those of the repository; a room may import what is in it.
 */
const ANY = "*";
const CONTRACTS = [
  "episodes",
  "datasets",
  "review",
  "evaluation",
  "deployments",
  "pipelines",
  "overview",
].map((stage) => `type:src/${stage}/contract.ts`);

/** The page is a client of REST: it knows the rows' types and the values below, nothing of how they are answered. */
const PAGE_TYPES = [
  ...CONTRACTS,
  "type:src/doors/operation.ts",
  "type:src/overview/trend.ts",
  // The table of operations by its types: names, inputs and replies of the rows.
  "type:src/operations.ts",
];
/** Pure values that the page would else have to repeat, by name. */
const PAGE_VALUES: Readonly<Record<string, readonly string[]>> = {
  "src/surfaces/first-questions.ts": ["FIRST_QUESTIONS"],
  "src/evaluation/metric-words.ts": ["metricWords"],
  "src/kernel/exact-json.ts": ["inexactNumber", "NOT_EXACT", "NOT_EXACT_REMEDY"],
  "src/episodes/endings.ts": ["endedAs", "EndingState", "FaultBy"],
  "src/training/status.ts": ["isEndedRun", "RUN_STATUSES"],
  "src/pipelines/status.ts": ["isEndedPipeline", "WORKING_STAGES"],
};

const WALLS: Readonly<Record<string, readonly string[]>> = {
  "dashboard/src": PAGE_TYPES,
  // What builds, photographs and walks through the page: tools, which may use the tests' browser and story.
  dashboard: ["src/kernel/is-main.ts", "test/dashboard", "demo/host.ts"],
  // People copy it: the package by its name, nothing else of ours.
  "examples/wire-your-agent": [],
  // The demo draws its sides and labels by the same keyed hash as the product, finds the host that runs, and prints as it does.
  demo: [
    "src/kernel/errors.ts",
    "src/kernel/hashing.ts",
    "src/kernel/printable.ts",
    "src/local-host/home.ts",
  ],
  // Benches measure inner rooms on purpose, some with a test's world, the killed app of the scenarios or the demo's doors.
  bench: [
    "src",
    "bin/node-options.js",
    "test/scenarios",
    "demo/doors.ts",
    "demo/host.ts",
    "demo/pipeline.ts",
    "test/local-host",
    "test/dashboard",
    "test/surfaces/fuzz",
    "test/redaction/corpus",
    "test/fakes",
    "test/capture/storm",
    "test/redaction/corpus",
    "dashboard/build.ts",
  ],
  infra: ["src/kernel/is-main.ts", "src/config/settings.ts", "src/ledger", "src/doors/operation.ts"],
  tools: ["src"],
  // They run a main by its path; consumers of the packages know them by name alone.
  bin: [],
  packages: [],
  // What the REST doors answer is compared with their description.
  "test/support": [
    "type:src/kernel/clock.ts",
    "node_modules/fast-check",
    "type:src/doors/operation.ts",
    "src/surfaces/openapi/document.ts",
    "src/kernel/hashing.ts",
  ],
};

/** Packages each room may import; Node's own and `agent-lightning` are free to all but the page. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "dashboard/src": ["preact", "uplot", "diff"],
  dashboard: ["vite", "type:playwright-core"],
  "examples/wire-your-agent": ["openai"],
  demo: ["@modelcontextprotocol/client", "zod"],
  bench: ["type:playwright-core", "durable-functions", "openai"],
  // Apps and engines that are measured against ours; they install their own packages.
  "bench/local-host/echo-app": [ANY],
  "bench/local-host/engines": [ANY],
  infra: [],
  tools: [ANY],
  bin: [],
  packages: [ANY],
  "test/support": ["@jest/test-sequencer", "type:durable-functions"],
};

const FOLDERS = [
  "dashboard",
  "demo",
  "examples",
  "bench",
  "infra",
  "tools",
  "bin",
  "packages",
  "test/support",
];
const FILES = FOLDERS.flatMap((folder) => sources(folder));
const IMPORTS = FILES.flatMap(importsOf);

/** The innermost room with a wall of its own that a file is in. */
const roomIn = (walls: Readonly<Record<string, unknown>>, file: string) =>
  Object.keys(walls)
    .filter((room) => covers(room, file))
    .toSorted((a, b) => b.length - a.length)[0];

/** Inside the page a view is made of parts, and parts of plain logic. */
const PAGE_FLOORS = ["logic", "parts", "views"];
const PAGE = "dashboard/src/";
const floorOf = (file: string) => {
  const [first, second] = file.slice(PAGE.length).split("/");
  return second === undefined ? PAGE_FLOORS.length : PAGE_FLOORS.indexOf(first ?? "");
};

describe("the walls around what stands beside src", () => {
  it("stand around every folder, and around none that is gone", () => {
    expect(FILES.filter((file) => roomIn(WALLS, file) === undefined)).toEqual([]);
    expect(FILES.filter((file) => roomIn(PACKAGES, file) === undefined)).toEqual([]);
    for (const room of [...Object.keys(WALLS), ...Object.keys(PACKAGES)])
      expect({ room, files: FILES.some((file) => covers(room, file)) }).toEqual({ room, files: true });
  });

  it("let through what a room is said to need, and nothing else of ours", () => {
    const broken = IMPORTS.filter(({ from, to, ours, typeOnly, names }) => {
      const room = roomIn(WALLS, from) as string;
      if (!ours || covers(room, to)) return false;
      const values = room === "dashboard/src" ? PAGE_VALUES[to] : undefined;
      if (values !== undefined && names.length > 0 && names.every((name) => values.includes(name)))
        return false;
      return !isAllowed(WALLS[room] ?? [], to, typeOnly);
    });
    expect(broken.map(told)).toEqual([]);
  });

  it("let through a room's own packages", () => {
    const broken = IMPORTS.filter(({ from, to, ours, typeOnly }) => {
      const room = roomIn(PACKAGES, from) as string;
      if (ours) return false;
      if (room !== "dashboard/src" && (to.startsWith("node:") || to === "agent-lightning")) return false;
      return !isAllowed(PACKAGES[room] ?? [], to, typeOnly);
    });
    expect(broken.map(told)).toEqual([]);
  });

  it("have no hole that nobody uses", () => {
    const holes = Object.entries(WALLS).flatMap(([room, list]) =>
      list.map((entry) => ({ room, place: entry.replace(/^type:/, "") })),
    );
    const unused = holes.filter(
      ({ room, place }) => !IMPORTS.some(({ from, to }) => covers(room, from) && covers(place, to)),
    );
    expect(unused).toEqual([]);
    const values = Object.entries(PAGE_VALUES).flatMap(([place, names]) =>
      names.map((name) => ({ place, name })),
    );
    expect(
      values.filter(
        ({ place, name }) =>
          !IMPORTS.some(
            ({ from, to, names }) => covers("dashboard/src", from) && to === place && names.includes(name),
          ),
      ),
    ).toEqual([]);
  });

  it("let the page be read from its logic up: parts, views, then the app", () => {
    const page = IMPORTS.filter(
      ({ from, to, ours }) =>
        ours && /\.tsx?$/.test(to) && covers("dashboard/src", from) && covers("dashboard/src", to),
    );
    expect(page.filter(({ from, to }) => floorOf(to) > floorOf(from)).map(told)).toEqual([]);
    expect(circlesOf(page.map(({ from, to }) => [from, to]))).toEqual([]);
  });

  it("keep the page's logic free of the browser, so that it can be tested without one", () => {
    for (const file of FILES.filter((one) => one.startsWith(`${PAGE}logic/`)))
      expect({ file, asks: /\b(?:document|localStorage|sessionStorage)\./.test(codeOf(file)) }).toEqual({
        file,
        asks: false,
      });
  });
});

describe("the operations", () => {
  const OPERATIONS = sources("src").filter((file) =>
    /(?:^|-|\/)operations?(?:\.ts$|\/)|\/episode-trace\.ts$/.test(file),
  );

  it("ask their service: they neither import a store nor reach past a service into one", () => {
    expect(OPERATIONS.length).toBeGreaterThan(15);
    const imports = OPERATIONS.flatMap(importsOf).filter(({ to }) => /(?:^|[/-])store\.ts$/.test(to));
    expect(imports.map(told)).toEqual([]);
    // `service.store.list(…)`, `const { store } = service`.
    const reach = OPERATIONS.filter((file) => /\.store\b|\{[^}]*\bstore\b[^}]*\}\s*=/.test(codeOf(file)));
    expect(reach).toEqual([]);
  });
});
