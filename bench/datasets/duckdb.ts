import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { benchArguments } from "../arguments.ts";
import { mb, round, watchMemory } from "./watch.ts";

const { folder } = benchArguments({
  script: "bench/datasets/duckdb.ts",
  measures:
    "DuckDB with all cores doing the same filter, join, conversion and split over the same episodes and rewards.",
  takes: {
    folder: { about: "one that fill.ts has filled", standard: "", isPlace: true, isNeeded: true },
  },
  examples: ["FOLDER"],
});
interface Connection {
  run(sql: string): Promise<unknown>;
  runAndReadAll(sql: string): Promise<{ getRowObjects(): Record<string, unknown>[] }>;
}
const required = createRequire(path.join(import.meta.dirname, "duckdb", "package.json"));
const { DuckDBInstance } = required("@duckdb/node-api") as {
  DuckDBInstance: { create(file: string): Promise<{ connect(): Promise<Connection> }> };
};
const connection = await (await DuckDBInstance.create(":memory:")).connect();
const out = path.join(folder, "duckdb");
await mkdir(out, { recursive: true });
const memory = watchMemory();
const start = performance.now();
await connection.run(`
  CREATE TEMP TABLE chosen AS
    WITH scores AS (
      SELECT episode_id, avg(value) AS score
      FROM read_json('${folder}/rewards.ndjson', format = 'newline_delimited',
        columns = {episode_id: 'VARCHAR', value: 'DOUBLE'})
      GROUP BY episode_id
    ), episodes AS (
      SELECT * FROM read_json('${folder}/episodes.ndjson', format = 'newline_delimited',
        columns = {id: 'VARCHAR', session_id: 'VARCHAR', user_input: 'VARCHAR', assistant_output: 'VARCHAR',
          tools: 'JSON', reward_vetoed: 'BOOLEAN',
          tool_calls: 'STRUCT(tool_name VARCHAR, arguments JSON, result VARCHAR)[]'})
    )
    SELECT
      [json_object('role', 'user', 'content', user_input)]
        || flatten(list_transform(tool_calls, (call, i) -> [
          json_object('role', 'assistant', 'tool_calls', json_array(json_object('id', 'call_' || i,
            'type', 'function', 'function', json_object('name', call.tool_name, 'arguments', call.arguments::VARCHAR)))),
          json_object('role', 'tool', 'tool_call_id', 'call_' || i, 'content', call.result)]))
        || [json_object('role', 'assistant', 'content', assistant_output)] AS messages,
      tools,
      CASE WHEN hash(session_id) % 10 < 8 THEN 'train' ELSE 'validation' END AS side
    FROM episodes JOIN scores ON episodes.id = scores.episode_id
    WHERE score >= 0 AND reward_vetoed IS NOT TRUE`);
for (const side of ["train", "validation"])
  await connection.run(
    `COPY (SELECT messages, tools FROM chosen WHERE side = '${side}') TO '${out}/${side}.json' (FORMAT json)`,
  );
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage();
const peak = memory.stop();
const counted = await connection.runAndReadAll("SELECT count(*)::INTEGER AS lines FROM chosen");
console.log(
  JSON.stringify({
    seconds: round(seconds),
    cpu_seconds: round((user + system) / 1e6),
    peak_rss_mb: mb(peak),
    lines: counted.getRowObjects()[0]?.lines,
  }),
);
