import { createReadStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Episode } from "../../src/episodes/contract.ts";
import type { Reward } from "../../src/rewards/contract.ts";
import { benchArguments } from "../arguments.ts";
import { mb, round, watchMemory } from "./watch.ts";

const { folder } = benchArguments({
  script: "bench/datasets/naive.ts",
  measures:
    "What one would write in half an hour: everything in memory, one loop after the other, one thread.",
  takes: {
    folder: { about: "one that fill.ts has filled", standard: "", isPlace: true, isNeeded: true },
  },
  examples: ["FOLDER"],
});
async function all<T>(file: string): Promise<T[]> {
  const rows: T[] = [];
  for await (const line of createInterface({ input: createReadStream(file) }))
    rows.push(JSON.parse(line) as T);
  return rows;
}
const memory = watchMemory();
const start = performance.now();
const episodes = await all<Episode>(path.join(folder, "episodes.ndjson"));
const rewards = await all<Reward>(path.join(folder, "rewards.ndjson"));
const values = new Map<string, number[]>();
for (const { episode_id: id, value } of rewards) values.set(id, [...(values.get(id) ?? []), value]);
const lines = episodes.flatMap((episode) => {
  const its = values.get(episode.id);
  if (its === undefined || episode.reward_vetoed === true) return [];
  if (its.reduce((a, b) => a + b, 0) / its.length < 0) return [];
  const calls = episode.tool_calls.flatMap((call, n) => [
    {
      role: "assistant",
      tool_calls: [
        {
          id: `call_${n + 1}`,
          type: "function",
          function: { name: call.tool_name, arguments: JSON.stringify(call.arguments) },
        },
      ],
    },
    { role: "tool", tool_call_id: `call_${n + 1}`, content: call.result },
  ]);
  const messages = [
    { role: "user", content: episode.user_input },
    ...calls,
    { role: "assistant", content: episode.assistant_output },
  ];
  return [{ session: episode.session_id ?? "", text: JSON.stringify({ messages, tools: episode.tools }) }];
});
const side = (session: string) => {
  let hash = 0;
  for (let at = 0; at < session.length; at++) hash = (Math.imul(hash, 31) + session.charCodeAt(at)) >>> 0;
  return hash % 10 < 8 ? "train" : "validation";
};
const out = path.join(folder, "naive");
await mkdir(out, { recursive: true });
for (const name of ["train", "validation"]) {
  const own = lines.filter((line) => side(line.session) === name);
  async function* blocks() {
    for (let at = 0; at < own.length; at += 1000)
      yield `${own
        .slice(at, at + 1000)
        .map(({ text }) => text)
        .join("\n")}\n`;
  }
  await writeFile(path.join(out, `${name}.jsonl`), blocks());
}
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage();
console.log(
  JSON.stringify({
    seconds: round(seconds),
    cpu_seconds: round((user + system) / 1e6),
    peak_rss_mb: mb(memory.stop()),
    lines: lines.length,
  }),
);
