import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";
import { circlesOf, codeOf, covers, importsOf, isAllowed, sources, told } from "./support/imports.ts";

/**
 * The arrows of the tree, as data. A room may import what stands beside its name: another room (`kernel`), or files of
 * one (`datasets/contract.ts`). `type:` allows types only: they are gone when the program runs.
 */
const STAGES = ["episodes", "rewards", "datasets", "training", "evaluation", "deployments"] as const;
const GROUND = ["kernel", "wire", "doors", "config", "ledger"];
const PORTS = ["files", "parts", "provider", "hosting", "catalog"];

/** A stage's nouns: its `contract.ts`, and where that would hold two ideas, a second file. */
const SECOND: Readonly<Record<string, string>> = {
  rewards: "correction-contract.ts",
  datasets: "recipe-contract.ts",
  deployments: "hosted/contract.ts",
};
const contractsOf = (stage: string) =>
  ["contract.ts", SECOND[stage]].flatMap((file) => (file === undefined ? [] : [`${stage}/${file}`]));

/** Pure rules of a stage that later ones share: how turns are counted, how an answer ended, what names an episode, which rewards stand, what a correction is about. */
const RULES: Readonly<Record<string, readonly string[]>> = {
  episodes: ["episodes/turns.ts", "episodes/endings.ts", "episodes/names.ts"],
  rewards: ["rewards/standing.ts", "rewards/place-correction.ts"],
};

/** A stage reads the contract and store of the stages before it. */
const earlier = (stage: (typeof STAGES)[number]) =>
  STAGES.slice(0, STAGES.indexOf(stage)).flatMap((one) => [
    ...contractsOf(one),
    `${one}/status.ts`,
    `${one}/store.ts`,
    ...(RULES[one] ?? []),
  ]);
const stageArrows = Object.fromEntries(
  STAGES.map((stage) => [stage, [...GROUND, ...PORTS, "redaction", ...earlier(stage)]]),
);
const contracts = STAGES.flatMap(contractsOf);
/** Plain values that import nothing: orchestrators, surfaces and the page may read them. */
const PLAIN = [
  ...["datasets", "training", "evaluation", "deployments", "pipelines", "rescans"].map(
    (one) => `${one}/status.ts`,
  ),
  "episodes/endings.ts",
  "deployments/probing.ts",
  "evaluation/metric-words.ts",
];

const ARROWS: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  wire: [],
  doors: ["kernel", "wire"],
  config: ["kernel", "doors"],
  redaction: ["kernel", "config/personal-kinds.ts"],
  ledger: ["kernel", "config"],
  files: ["kernel", "config"],
  parts: ["kernel", "doors", "config", "files", "redaction"],
  provider: ["kernel", "doors", "config"],
  // Which redaction an agent has: the stages are handed it, a thread that builds makes it anew.
  privacy: [...GROUND, "redaction"],
  ...stageArrows,
  datasets: [...(stageArrows.datasets ?? []), "privacy/service.ts"],
  // Groups are told by the functions that builds use, so that both count alike.
  evaluation: [...(stageArrows.evaluation ?? []), "datasets/line"],
  // What a verdict judged is said in the same words wherever it is shown.
  deployments: [...(stageArrows.deployments ?? []), "evaluation/metric-words.ts"],
  review: [
    ...GROUND,
    ...["episodes", "rewards", "datasets"].flatMap((one) => [`${one}/contract.ts`, `${one}/store.ts`]),
    ...(RULES.rewards ?? []),
    "rewards/correction-contract.ts",
    "rewards/check-correction.ts",
    "datasets/line",
    "datasets/status.ts",
    "datasets/validate",
    "type:rewards/service.ts",
    "type:datasets/service.ts",
  ],
  // What of an agent is at work: it knows records by their kind alone.
  workload: [...GROUND],
  // What is stored of an agent, held to the rules of today: texts of three stages and in parts, changed where they lie.
  rescans: [
    ...GROUND,
    "files",
    "parts",
    "redaction",
    "episodes/contract.ts",
    "episodes/rules.ts",
    "episodes/store.ts",
    "episodes/truncate.ts",
    "type:episodes/clean.ts",
    "type:rewards/contract.ts",
    "type:rewards/waiting-contract.ts",
    "datasets/contract.ts",
    "requests/replies.ts",
    "type:requests/contract.ts",
  ],
  // Above the stages: their services come in through the composition, so here only their types are named.
  pipelines: [...GROUND, ...contracts, ...STAGES.map((stage) => `type:${stage}/service.ts`)],
  overview: [
    ...GROUND,
    "provider",
    ...contracts,
    "workload/contract.ts",
    "episodes/endings.ts",
    "type:pipelines/contract.ts",
    "type:rescans/contract.ts",
    "datasets/replies.ts",
    "type:datasets/service.ts",
    "type:deployments/service.ts",
    "type:deployments/selection.ts",
  ],
  // Who calls, and the record of it; over the stages' operations, which it wraps without knowing them.
  hosting: ["kernel", "type:config/settings.ts"],
  catalog: ["kernel", "type:ledger/ledger.ts", "type:hosting/hosting.ts"],
  identity: [...GROUND],
  // What is asked twice under one key: around the guard, which asks for the role.
  requests: [...GROUND, "identity"],
  telemetry: ["kernel", "doors", "config", "type:provider/provider.ts"],
  // The rows of every stage as types, for the doors, the command line and the page.
  "operations.ts": [
    ...STAGES,
    "parts",
    "review",
    "pipelines",
    "overview",
    "identity",
    "privacy",
    "rescans",
  ].map((room) => `type:${room}`),
  loop: [
    "doors/engine-words.ts",
    "type:doors/claim.ts",
    "type:doors/orchestration.ts",
    ...PLAIN,
    ...contracts,
    "pipelines/contract.ts",
    "rescans/contract.ts",
    ...contracts.map((one) => `type:${one}`),
    "type:pipelines/contract.ts",
  ],
  capture: [
    "kernel",
    "wire",
    "config",
    "parts/pointer.ts",
    "episodes/clean.ts",
    "episodes/truncate.ts",
    "episodes/endings.ts",
    "episodes/odd",
    "redaction/pseudonyms.ts",
  ],
  agent: [
    "kernel",
    "doors",
    "config",
    "provider",
    "type:parts/service.ts",
    "episodes",
    "capture",
    "deployments/selection.ts",
  ],
  // What an agent imports is a leaf: no app, no engine, no library (the test of its package below).
  sdk: [
    "kernel",
    "wire",
    "config",
    "capture",
    "datasets/status.ts",
    "training/status.ts",
    "deployments/selection.ts",
    "local-host/find-host.ts",
  ],
  surfaces: [
    "kernel",
    "doors",
    "config",
    "identity",
    "redaction",
    "sdk",
    "telemetry/telemetry.ts",
    "wire",
    "type:operations.ts",
    ...PLAIN,
    ...contracts.map((one) => `type:${one}`),
    "datasets/validate/line-rules.ts",
    "capture/calls/sse.ts",
  ],
  compose: [
    ...GROUND,
    ...PORTS,
    ...STAGES,
    "pipelines",
    "overview",
    "review",
    "privacy",
    "rescans",
    "identity",
    "requests",
    "workload",
    "telemetry",
    "loop",
    "redaction",
    "surfaces/redacted-input.ts",
    "surfaces/signed-answer.ts",
    "surfaces/signed-paging.ts",
    "local-provider/start.ts",
  ],
  "app.ts": [
    ...GROUND,
    "compose",
    "workload/workloads.ts",
    "identity/access.ts",
    "agent",
    "deployments/upkeep",
    "pipelines/retraining.ts",
    "surfaces/mcp.ts",
  ],
  "start.ts": [
    "kernel",
    "config",
    "redaction/redacted-logger.ts",
    "app.ts",
    "local-host",
    "surfaces/page.ts",
    "surfaces/first-view.ts",
  ],
  functions: [
    "app.ts",
    "loop",
    "surfaces",
    "ledger/containers.ts",
    "overview/faulty-health.ts",
    "kernel/invocation-log.ts",
  ],
  // They could be packages of their own.
  "local-host": ["kernel"],
  "local-provider": ["kernel"],
};

/**
 * Rooms inside rooms: what each may import of its own room, another room inside it or a file that stands beside them.
 * Files that stand beside them may import all that is not above.
 */
const INNER: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  datasets: {
    common: [],
    line: ["common", "contract.ts", "recipe-contract.ts"],
    tokens: ["common", "contract.ts"],
    // Other tools' rows, known by their shape: nothing of ours but the formats.
    exports: ["common", "recipe-contract.ts"],
    validate: ["common", "contract.ts", "recipe-contract.ts", "exports", "line", "tokens"],
    shards: ["common", "contract.ts", "recipe-contract.ts", "store.ts", "line", "tokens", "validate"],
    merge: [
      "common",
      "contract.ts",
      "recipe-contract.ts",
      "store.ts",
      "line",
      "tokens",
      "validate",
      "shards",
    ],
    golden: ["common", "contract.ts", "recipe-contract.ts", "exports", "line", "validate", "shards"],
    threads: ["contract.ts", "tokens", "merge", "activities.ts"],
    "store.ts": ["common", "contract.ts", "manifests.ts", "sources.ts"],
    "contract.ts": ["status.ts", "recipe-contract.ts"],
    "recipe-contract.ts": [],
  },
  deployments: {
    hosted: ["contract.ts", "moves.ts", "probe.ts", "status.ts", "store.ts"],
    gate: [
      "contract.ts",
      "hosted",
      "pointer-store.ts",
      "probe.ts",
      "rules.ts",
      "status.ts",
      "store.ts",
      "withdrawals.ts",
    ],
    upkeep: ["contract.ts", "hosted", "probe.ts", "service.ts", "status.ts", "store.ts"],
    // The rows: verbs of the services, never a store.
    operations: [
      "contract.ts",
      "lineage.ts",
      "replies.ts",
      "rules.ts",
      "selection.ts",
      "status.ts",
      "type:service.ts",
      "gate",
      "upkeep",
    ],
  },
  "local-host/durable": {
    history: [],
    "port.ts": [],
    "options.ts": [],
    "entity-request.ts": [],
    store: ["history", "entity-request.ts"],
    replay: ["history", "port.ts", "entity.ts", "entity-request.ts"],
    "entity.ts": ["history", "store", "entity-request.ts"],
    work: ["history", "port.ts", "options.ts", "store", "replay", "entity.ts", "entity-request.ts"],
    client: ["history", "port.ts", "store", "work", "entity.ts"],
  },
  "local-host": {
    durable: ["faults.ts"],
    "core-api": ["durable/port.ts", "tracker.ts", "watch.ts"],
    timers: ["core-api", "retry.ts", "state-file.ts", "time-span.ts", "tracker.ts"],
    "change-feed": ["core-api", "faults.ts", "retry.ts", "state-file.ts", "tracker.ts"],
    http: ["core-api", "durable", "state-file.ts"],
    mcp: ["core-api", "http"],
  },
};

/** Files that are entrances of a process: they may start the whole app, which nothing else in their room may. */
const ENTRANCES: Readonly<Record<string, readonly string[]>> = {
  "src/surfaces/cli/main.ts": ["compose/operations.ts", "ledger/database-tools.ts", "start.ts"],
  "src/surfaces/cli/remote.ts": ["compose/operations.ts"],
  "src/surfaces/cli/run.ts": ["local-host/find-host.ts"],
};

/** Who may import a package; `type:` for types only. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "@azure/arm-cognitiveservices": ["hosting/arm"],
  "@azure/core-rest-pipeline": ["ledger/cosmos"],
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
  ajv: ["rewards", "local-provider"],
  commander: ["surfaces/cli"],
  "csv-parse": ["datasets/golden"],
  "durable-functions": ["functions", "loop", "type:surfaces"],
  "gpt-tokenizer": ["datasets"],
  "node:sqlite": ["ledger/sqlite", "local-host", "local-provider"],
  openai: ["provider"],
  re2js: ["privacy", "local-provider"],
  zod: ["*"],
  "zod-openapi": ["surfaces"],
};

const ROOT = path.resolve(import.meta.dirname, "..");
const FILES = [...sources("src", /\.ts$/), ...sources("functions", /\.ts$/)];
const IMPORTS = FILES.flatMap(importsOf);
/** `src/ledger/sqlite/open.ts` → `ledger/sqlite/open.ts`; `functions/http.ts` stays. */
const inside = (file: string) => file.replace(/^src\//, "");
const roomOf = (file: string) => inside(file).split("/")[0] as string;
describe("the arrows of the tree", () => {
  it("point the allowed way inside rooms that hold rooms", () => {
    const broken = Object.entries(INNER).flatMap(([room, inner]) => {
      const part = (file: string) => inside(file).slice(room.length + 1);
      const roomInside = (file: string) => part(file).split("/")[0] as string;
      const own = IMPORTS.filter(
        ({ from, to, ours }) => ours && covers(room, inside(from)) && covers(room, inside(to)),
      );
      return own.filter(({ from, to, typeOnly }) => {
        const allowed = inner[roomInside(from)];
        return (
          roomInside(from) !== roomInside(to) &&
          allowed !== undefined &&
          !isAllowed(allowed, part(to), typeOnly)
        );
      });
    });
    expect(broken.map(told)).toEqual([]);
  });

  it("name every room inside such a room, and none that is gone", () => {
    for (const [room, inner] of Object.entries(INNER)) {
      const parts = FILES.map(inside)
        .filter((file) => covers(room, file))
        .map((file) => file.slice(room.length + 1).split("/"));
      const rooms = new Set(parts.filter(({ length }) => length > 1).map(([first]) => first as string));
      const files = new Set(parts.filter(({ length }) => length === 1).map(([first]) => first));
      expect(
        Object.keys(inner)
          .filter((name) => !name.endsWith(".ts"))
          .toSorted(),
      ).toEqual([...rooms].toSorted());
      for (const name of Object.keys(inner).filter((one) => one.endsWith(".ts")))
        expect(files).toContain(name);
    }
  });

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

  it("lead from the agent's package to no library, no SQLite and no app, types included", () => {
    const reached = new Set<string>();
    const packages = new Set<string>();
    const visit = (file: string) => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const { from, to, ours } of IMPORTS)
        if (from === file) {
          if (ours) visit(to);
          else packages.add(to);
        }
    };
    visit("src/sdk/index.ts");
    expect([...reached].filter((file) => /^src\/(?:app|start)\.ts$/.test(file))).toEqual([]);
    expect([...packages].filter((one) => !one.startsWith("node:") || one === "node:sqlite")).toEqual([]);
    // It finds a host, and knows nothing else of one.
    expect([...reached].filter((file) => roomOf(file) === "local-host")).toEqual([
      "src/local-host/find-host.ts",
    ]);
  });

  it("leave the plain values plain: they import nothing", () => {
    for (const file of PLAIN) expect(FILES).toContain(`src/${file}`);
    expect(IMPORTS.filter(({ from }) => PLAIN.includes(inside(from))).map(told)).toEqual([]);
  });

  it("make no circle, neither of files nor of rooms, nor of rooms inside a room", () => {
    const files = IMPORTS.filter(({ ours }) => ours);
    expect(circlesOf(files.map(({ from, to }) => [from, to]))).toEqual([]);
    // Two rooms may import each other's files without a circle of files; a reader still goes round.
    const rooms = files.filter(
      ({ from, to }) => roomOf(from) !== roomOf(to) && ENTRANCES[from] === undefined,
    );
    expect(circlesOf(rooms.map(({ from, to }) => [roomOf(from), roomOf(to)]))).toEqual([]);
    for (const [room, inner] of Object.entries(INNER)) {
      const place = (file: string) =>
        inside(file)
          .slice(room.length + 1)
          .split("/")[0] as string;
      const own = files.filter(({ from, to }) => covers(room, inside(from)) && covers(room, inside(to)));
      const between = own
        .map(({ from, to }) => [place(from), place(to)] as const)
        .filter(([from, to]) => from !== to && inner[from] !== undefined && inner[to] !== undefined);
      expect(circlesOf(between)).toEqual([]);
    }
  });

  it("lead to files that are there", () => {
    expect(
      IMPORTS.filter(({ to, ours }) => ours && to.endsWith(".ts") && !FILES.includes(to)).map(told),
    ).toEqual([]);
  });

  it("leave the environment to the settings; the local host, which lends it to the app, has its own", () => {
    const readers = FILES.filter((file) => /\bprocess\.env\b/.test(codeOf(file))).filter(
      (file) => roomOf(file) !== "local-host",
    );
    expect(readers).toEqual(["src/config/read-table.ts", "src/start.ts"]);
  });

  it("point upwards on the map: every room is there, and imports rooms above it", () => {
    const map = readFileSync(path.join(ROOT, "src/README.md"), "utf8");
    const order = [...map.matchAll(/^\| `([\w.-]+)\/?` \|/gm)].map((row) => row[1] as string);
    const rooms = [...new Set(sources("src").map(roomOf))];
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
