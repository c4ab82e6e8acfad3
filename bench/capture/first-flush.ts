import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { benchArguments } from "../arguments.ts";
import { median } from "../median.ts";

const { processes } = benchArguments({
  script: "bench/capture/first-flush.ts",
  measures:
    "How long does the first flush hold an agent's event loop, in the package as it is installed? Build it first: npm run build:packages.",
  takes: { processes: { about: "agents, each in a process of its own", standard: 15 } },
  examples: ["", "--processes 5"],
});

const PACKAGE = path.join(import.meta.dirname, "../../packages/agent-lightning/dist/esm/index.js");
if (!existsSync(PACKAGE)) {
  console.error("The package is not built: npm run build:packages");
  process.exit(2);
}

/**
 * An agent that has called its model before, so that `fetch` is loaded, captures one call of a tool. A turn is what happens
 * between two immediates. Its length by the clock counts whatever else the machine does meanwhile, so the median of many
 * agents is told; its processor time does not, but some machines count that in ticks of 4 ms.
 */
const agent = (url: string, isOn: boolean) => `
import { closeLightning, configureLightning, getEpisodeCaptureHook, wrapToolHandler } from ${JSON.stringify(pathToFileURL(PACKAGE).href)};
await (await fetch(${JSON.stringify(url)}, { method: "POST", body: JSON.stringify({ episodes: [] }) })).text();
configureLightning({ settings: { enableCapture: ${isOn}, endpoint: ${JSON.stringify(url)} } });
const hook = getEpisodeCaptureHook();
const tool = wrapToolHandler(hook, "count_stock", ({ item }) => ({ content: [{ type: "text", text: item + ": 14" }] }));
await new Promise((resolve) => setTimeout(resolve, 300));
let cpu = 0;
let clock = 0;
let last = process.threadCpuUsage();
let at = performance.now();
const until = performance.now() + 1000;
tool({ item: "lamp" });
await new Promise((resolve) => {
  const turn = () => {
    const now = process.threadCpuUsage();
    cpu = Math.max(cpu, (now.user + now.system - last.user - last.system) / 1000);
    clock = Math.max(clock, performance.now() - at);
    last = now;
    at = performance.now();
    if (at < until) setImmediate(turn);
    else resolve();
  };
  setImmediate(turn);
});
console.log(JSON.stringify({ clock, cpu, sent: hook.stats().sent, mb: process.memoryUsage().rss / 2 ** 20 }));
await closeLightning();
`;

interface Told {
  readonly clock: number;
  readonly cpu: number;
  readonly sent: number;
  readonly mb: number;
}

const receiver = http.createServer((request, response) => {
  let text = "";
  request.setEncoding("utf8").on("data", (piece: string) => (text += piece));
  request.on("end", () => {
    const { episodes } = JSON.parse(text) as { episodes: unknown[] };
    const results = episodes.map((_, index) => ({ index, status: "recorded" }));
    response
      .writeHead(207, { "content-type": "application/json" })
      .end(JSON.stringify({ recorded: episodes.length, results }));
  });
});
await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
const home = mkdtempSync(path.join(tmpdir(), "lightning-first-flush-"));
const run = promisify(execFile);

async function measure(isOn: boolean): Promise<Told> {
  const args = ["--input-type=module", "--eval", agent(url, isOn)];
  const { stdout } = await run(process.execPath, args, { env: { ...process.env, LIGHTNING_HOME: home } });
  const told = JSON.parse(stdout) as Told;
  if (told.sent !== (isOn ? 1 : 0)) throw new Error(`${told.sent} sent`);
  return told;
}

const told: { on: Told; off: Told }[] = [];
for (let i = 0; i < processes; i++) told.push({ off: await measure(false), on: await measure(true) });
receiver.close();
rmSync(home, { recursive: true });

const tenth = (n: number) => Math.round(n * 10) / 10;
console.log(
  `The longest turn of one second with the first flush in it, ${processes} processes, Node ${process.versions.node}`,
);
console.table(
  Object.fromEntries(
    (["off", "on"] as const).map((which) => {
      const of = (what: keyof Told) => told.map((one) => one[which][what]);
      return [
        `capture ${which}`,
        {
          "by the clock, median, ms": tenth(median(of("clock"))),
          "smallest, ms": tenth(Math.min(...of("clock"))),
          "processor, median, ms": tenth(median(of("cpu"))),
          "largest, ms": tenth(Math.max(...of("cpu"))),
          "memory, MB": Math.round(median(of("mb"))),
        },
      ];
    }),
  ),
);
