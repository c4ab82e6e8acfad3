import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";

/**
 * The arrows of the tree, as data. A room may import what stands beside its name: another room (`kernel`), or files of
 * one (`datasets/contract.ts`). `type:` allows types only: they are gone when the program runs.
 */
const STAGES = ["episodes", "rewards", "datasets", "training", "evaluation", "deployments"] as const;
const GROUND = ["kernel", "config", "ledger"];
const PORTS = ["files", "provider", "hosting", "catalog"];

/** A stage reads the contract and store of the stages before it, and these pure functions. */
const SHARED: Readonly<Record<string, readonly string[]>> = {
  episodes: ["episodes/redact.ts"],
  datasets: ["datasets/contamination.ts"],
};
const earlier = (stage: (typeof STAGES)[number]) =>
  STAGES.slice(0, STAGES.indexOf(stage)).flatMap((one) => [
    `${one}/contract.ts`,
    `${one}/store.ts`,
    ...(SHARED[one] ?? []),
  ]);
const stageArrows = Object.fromEntries(
  STAGES.map((stage) => [stage, [...GROUND, ...PORTS, ...earlier(stage)]]),
);
const contracts = STAGES.map((stage) => `${stage}/contract.ts`);

const ARROWS: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  config: ["kernel"],
  ledger: ["kernel", "config"],
  files: ["kernel", "config"],
  provider: ["kernel", "config"],
  ...stageArrows,
  review: [
    ...GROUND,
    ...["episodes", "rewards", "datasets"].flatMap((one) => [`${one}/contract.ts`, `${one}/store.ts`]),
    "datasets/example.ts",
    "datasets/validate.ts",
    "type:rewards/service.ts",
    "type:datasets/service.ts",
  ],
  // Above the stages: their services come in through the composition, so here only their types are named.
  pipelines: [...GROUND, ...contracts, ...STAGES.map((stage) => `type:${stage}/service.ts`)],
  overview: [
    ...GROUND,
    "provider",
    ...contracts,
    "type:pipelines/contract.ts",
    "type:datasets/service.ts",
    "type:deployments/service.ts",
    "type:deployments/selection.ts",
  ],
  // Who calls, and the record of it; over the stages' operations, which it wraps without knowing them.
  hosting: ["kernel", "type:config/settings.ts"],
  catalog: ["kernel", "type:ledger/ledger.ts", "type:hosting/hosting.ts"],
  identity: [...GROUND],
  telemetry: ["kernel", "config", "type:provider/provider.ts"],
  loop: ["type:kernel/claim.ts", ...contracts.map((one) => `type:${one}`), "type:pipelines/contract.ts"],
  agent: ["kernel", "config", "provider", "episodes", "deployments/selection.ts"],
  surfaces: [
    "kernel",
    "config",
    "identity",
    ...contracts.map((one) => `type:${one}`),
    "type:datasets/replies.ts",
    "datasets/line-rules.ts",
    "episodes/capture.ts",
    "deployments/selection.ts",
  ],
  "app.ts": [
    ...GROUND,
    ...PORTS,
    ...STAGES,
    "pipelines",
    "overview",
    "review",
    "identity",
    "telemetry",
    "loop",
    "agent",
    "surfaces",
    "local-provider/start.ts",
  ],
  "start.ts": ["kernel", "config", "app.ts", "local-host", "surfaces/page.ts", "surfaces/first-view.ts"],
  "index.ts": ["kernel", "episodes", "surfaces"],
  functions: ["app.ts", "loop", "surfaces", "ledger/containers.ts"],
  // They could be packages of their own.
  "local-host": ["kernel"],
  "local-provider": ["kernel"],
};

/** Files that are entrances of a process: they may start the whole app, which nothing else in their room may. */
const ENTRANCES: Readonly<Record<string, readonly string[]>> = {
  "src/surfaces/sdk.ts": ["app.ts", "start.ts", "local-host/home.ts"],
  "src/surfaces/cli/main.ts": ["app.ts", "start.ts", "local-host/home.ts"],
};

/** Who may import a package; `type:` for types only. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "@azure/arm-cognitiveservices": ["hosting/arm"],
  "@azure/cosmos": ["ledger/cosmos"],
  "@azure/functions": ["functions", "type:surfaces"],
  "@azure/identity": ["telemetry", "hosting/arm", "provider", "ledger/cosmos", "files"],
  "@azure/monitor-opentelemetry-exporter": ["telemetry"],
  "@azure/storage-blob": ["files"],
  "@modelcontextprotocol/client": ["agent"],
  "@modelcontextprotocol/server": ["surfaces", "local-host"],
  "@opentelemetry/api": ["telemetry"],
  "@opentelemetry/exporter-trace-otlp-http": ["telemetry"],
  "@opentelemetry/resources": ["telemetry"],
  "@opentelemetry/sdk-trace-node": ["telemetry"],
  commander: ["surfaces/cli"],
  croner: ["local-host"],
  "durable-functions": ["functions", "loop", "type:surfaces"],
  "gpt-tokenizer": ["datasets"],
  "node:sqlite": ["ledger/sqlite", "local-host", "local-provider"],
  openai: ["provider", "type:episodes/wrap-openai.ts"],
  zod: ["*"],
  "zod-openapi": ["surfaces"],
};

interface Import {
  readonly from: string;
  /** A file of ours, or a package. */
  readonly to: string;
  readonly ours: boolean;
  readonly typeOnly: boolean;
}

const ROOT = path.resolve(import.meta.dirname, "..");
const STATEMENT = /^(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"|\bimport\("([^"]+)"\)/gm;

function sources(folder: string): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"))
    .toSorted();
}

function importsOf(file: string): Import[] {
  // Comments go first: the SDK's examples show imports.
  const text = readFileSync(path.join(ROOT, file), "utf8").replaceAll(/\/\*[\s\S]*?\*\//g, "");
  return [...text.matchAll(STATEMENT)].map(([statement, type, named, dynamic]) => {
    const target = (named ?? dynamic) as string;
    const ours = target.startsWith(".");
    const onlyTypes = /\{([^}]*)\}/.exec(statement)?.[1];
    const each =
      onlyTypes
        ?.split(",")
        .map((one) => one.trim())
        .filter(Boolean) ?? [];
    return {
      from: file,
      to: ours
        ? path.posix.join(path.posix.dirname(file), target)
        : target.startsWith("node:")
          ? target
          : target
              .split("/")
              .slice(0, target.startsWith("@") ? 2 : 1)
              .join("/"),
      ours,
      typeOnly: type !== undefined || (each.length > 0 && each.every((one) => one.startsWith("type "))),
    };
  });
}

const FILES = [...sources("src"), ...sources("functions")];
const IMPORTS = FILES.flatMap(importsOf);
/** `src/ledger/sqlite/open.ts` → `ledger/sqlite/open.ts`; `functions/http.ts` stays. */
const inside = (file: string) => file.replace(/^src\//, "");
const roomOf = (file: string) => inside(file).split("/")[0] as string;
const covers = (allowed: string, place: string) => place === allowed || place.startsWith(`${allowed}/`);

function isAllowed(list: readonly string[], place: string, typeOnly: boolean): boolean {
  return list.some(
    (entry) =>
      entry === "*" ||
      (entry.startsWith("type:") ? typeOnly && covers(entry.slice(5), place) : covers(entry, place)),
  );
}
const told = ({ from, to, typeOnly }: Import) => `${from} → ${to}${typeOnly ? " (types)" : ""}`;

describe("the arrows of the tree", () => {
  it("point the allowed way, room by room", () => {
    const broken = IMPORTS.filter(({ from, to, ours, typeOnly }) => {
      if (!ours || roomOf(from) === roomOf(to)) return false;
      const list = [...(ARROWS[roomOf(from)] ?? []), ...(ENTRANCES[from] ?? [])];
      return !isAllowed(list, inside(to), typeOnly);
    });
    expect(broken.map(told)).toEqual([]);
  });

  it("name every room, and none that is gone", () => {
    expect(Object.keys(ARROWS).toSorted()).toEqual([...new Set(FILES.map(roomOf))].toSorted());
    for (const entrance of Object.keys(ENTRANCES)) expect(FILES).toContain(entrance);
  });

  it("lead to a vendor's package from its own room only", () => {
    const broken = IMPORTS.filter(({ from, to, ours, typeOnly }) => {
      const list = ours ? undefined : PACKAGES[to];
      if (list === undefined) return !ours && !to.startsWith("node:");
      return !isAllowed(list, inside(from), typeOnly);
    });
    expect(broken.map(told)).toEqual([]);
  });

  it("keep Node, the clock and chance out of the orchestrators", () => {
    const broken = IMPORTS.filter(
      ({ from, to, ours, typeOnly }) =>
        roomOf(from) === "loop" && !ours && to !== "durable-functions" && !typeOnly,
    );
    expect(broken.map(told)).toEqual([]);
    for (const file of FILES.filter((one) => roomOf(one) === "loop")) {
      const text = readFileSync(path.join(ROOT, file), "utf8");
      expect(text).not.toMatch(/\b(?:Date\.now|new Date\(\)|Math\.random|process\.|setTimeout|crypto)\b/);
    }
  });

  it("make no circle", () => {
    const edges = new Map<string, string[]>();
    for (const { from, to, ours } of IMPORTS) if (ours) edges.set(from, [...(edges.get(from) ?? []), to]);
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, trail: readonly string[]) => {
      if (trail.includes(file)) circles.push([...trail.slice(trail.indexOf(file)), file].join(" → "));
      else if (!done.has(file)) {
        for (const next of edges.get(file) ?? []) visit(next, [...trail, file]);
        done.add(file);
      }
    };
    for (const file of FILES) visit(file, []);
    expect(circles).toEqual([]);
  });

  it("lead to files that are there", () => {
    expect(
      IMPORTS.filter(({ to, ours }) => ours && to.endsWith(".ts") && !FILES.includes(to)).map(told),
    ).toEqual([]);
  });

  it("leave the environment to the settings; the local host, which lends it to the app, has its own", () => {
    const readers = FILES.filter((file) =>
      /\bprocess\.env\b/.test(
        readFileSync(path.join(ROOT, file), "utf8").replaceAll(/\/\*[\s\S]*?\*\//g, ""),
      ),
    ).filter((file) => roomOf(file) !== "local-host");
    expect(readers).toEqual(["src/config/settings.ts", "src/start.ts"]);
  });

  it("point upwards on the map: every room is there, and imports rooms above it", () => {
    const map = readFileSync(path.join(ROOT, "src/README.md"), "utf8");
    const order = [...map.matchAll(/^\| `([\w.-]+)\/?` \|/gm)].map((row) => row[1] as string);
    const rooms = [...new Set(sources("src").map(roomOf))].filter((room) => room !== "index.ts");
    expect(order.toSorted()).toEqual(rooms.toSorted());
    const below = IMPORTS.filter(({ from, to, ours }) => {
      if (!ours || ENTRANCES[from] !== undefined || roomOf(from) === roomOf(to)) return false;
      // The two engines of a laptop stand at the end of the map, apart from the loop.
      if (["local-host", "local-provider"].includes(roomOf(to))) return false;
      return order.includes(roomOf(from)) && order.indexOf(roomOf(to)) > order.indexOf(roomOf(from));
    });
    expect(below.map(told)).toEqual([]);
  });
});
