import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Consumer, writeReadmeFiles } from "./consumer.ts";
import { ROOT } from "./files.ts";
import { type Cost, importCost, sizeOf } from "./measure.ts";

/** What is promised of `agent-lightning`. */
const MOST_BYTES = 3 * 2 ** 20;
/** 60 ms and 15 MB are promised on a machine of its own; this is refused on one that does other work besides. */
const REFUSED: Cost = { ms: 180, mb: 30 };

export interface Figures {
  readonly installedBytes: number;
  readonly cost: Cost;
}

export function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

/** The package alone: its size, its cost, no dependency, no zod in its types. */
export async function checkLeaf(consumer: Consumer): Promise<Figures> {
  const folder = path.join(consumer.folder, "node_modules/agent-lightning");
  const manifest = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as Record<
    string,
    unknown
  >;
  for (const kind of ["dependencies", "peerDependencies", "optionalDependencies"])
    expect(manifest[kind] === undefined, `agent-lightning has ${kind}.`);
  const installedBytes = sizeOf(folder);
  expect(installedBytes <= MOST_BYTES, `agent-lightning takes ${installedBytes} bytes installed.`);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (/\.d\.[cm]?ts$/.test(file)) expect(!/["']zod/.test(readFileSync(file, "utf8")), `${file} names zod.`);
  }
  const cost = await importCost(consumer.folder, consumer.node, "agent-lightning");
  expect(
    cost.ms < REFUSED.ms && cost.mb < REFUSED.mb,
    `Importing agent-lightning takes ${JSON.stringify(cost)}.`,
  );
  return { installedBytes, cost };
}

/** Both kinds of module against a running app, and the README's first lines without one. */
export async function checkUse(consumer: Consumer, endpoint: string): Promise<void> {
  const { command, node, folder } = consumer;
  const env = {
    LIGHTNING_ENDPOINT: endpoint,
    LIGHTNING_AGENT_ID: `on-${consumer.major}`,
    ENABLE_LIGHTNING_CAPTURE: "true",
  };
  for (const [n, file] of ["sdk/esm.mjs", "sdk/cjs.cjs"].entries()) {
    const { code, out, err } = await command(node, [file], { env });
    expect(code === 0, `${file} failed on Node ${consumer.version}: ${err}${out}`);
    const { model, answer, episodes, reward, said, told } = JSON.parse(out) as Record<string, unknown>;
    expect(typeof model === "string" && model !== "", `${file} found no model: ${out}`);
    expect(
      JSON.stringify(answer) === '{"item":"lamp","stock":14}',
      `${file} changed the tool's answer: ${out}`,
    );
    const each = ["by ai-sdk", "by langchain", "by openai-agents", '{"item":"lamp","stock":14}'];
    expect(episodes === each.length * (n + 1), `${file} recorded ${String(episodes)} episodes: ${out}`);
    expect(
      JSON.stringify(said) ===
        JSON.stringify(each.flatMap((one) => Array.from({ length: n + 1 }, () => one))),
      `${file} captured not each way in alike: ${out}`,
    );
    expect(told === true, `${file} does not know which episode an answer became: ${out}`);
    expect(reward === 1, `${file} recorded no reward: ${out}`);
  }
  for (const file of writeReadmeFiles("agent-lightning", folder)) {
    const { code, out, err } = await command(node, [file]);
    expect(
      code === 0 && /lamp/.test(out),
      `The README's ${file} failed on Node ${consumer.version}: ${err}${out}`,
    );
  }
  const health = await command("npx", ["--no-install", "lightning", "health", "--json"], { env });
  expect(
    health.code === 0,
    `lightning health failed on Node ${consumer.version}: ${health.err}${health.out}`,
  );
  const dev = await command("npx", ["--no-install", "lightning", "dev"]);
  expect(dev.code === 1 && /repository/.test(dev.err), `lightning dev does not say what to do: ${dev.err}`);
}

/** The example that people copy, from a copy beside the packages that it names: against a running app, and without one. */
export async function checkExample(consumer: Consumer, endpoint: string): Promise<void> {
  const example = path.join(consumer.folder, "wire-your-agent");
  cpSync(path.join(ROOT, "examples/wire-your-agent"), example, { recursive: true });
  const common = { LIGHTNING_AGENT_ID: "example", LIGHTNING_HOME: path.join(example, "home") };
  for (const [env, last] of [
    [{ ...common, LIGHTNING_ENDPOINT: endpoint }, /reward: (?:rew|wait)-\S+ for chatcmpl-/],
    [common, /reward: No function app is running[\s\S]*"spilled":2/],
  ] as const) {
    const { code, out, err } = await consumer.command(consumer.node, ["agent.ts"], { cwd: example, env });
    expect(code === 0 && last.test(out), `examples/wire-your-agent failed: ${err}${out}`);
  }
}

/** A strict program as either kind of module, libraries checked too, by the repository's compiler and the app's own. */
export async function checkTypes(consumer: Consumer, room: "sdk" | "host"): Promise<void> {
  const source = readFileSync(path.join(consumer.folder, room, "strict.ts"), "utf8");
  const files = [`${room}/strict.mts`, `${room}/strict.cts`];
  for (const file of files) writeFileSync(path.join(consumer.folder, file), source);
  const config = {
    compilerOptions: {
      target: "es2024",
      lib: ["es2024", "esnext.disposable"],
      module: "nodenext",
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      types: ["node"],
      noEmit: true,
    },
    files,
  };
  const project = path.join(consumer.folder, `tsconfig.${room}.json`);
  writeFileSync(project, JSON.stringify(config));
  const compilers = [path.join(ROOT, "node_modules/typescript/bin/tsc")];
  if (consumer.major !== 20) compilers.push(path.join(consumer.folder, "node_modules/typescript/bin/tsc"));
  for (const tsc of compilers) {
    const { code, out } = await consumer.command(process.execPath, [tsc, "-p", project]);
    expect(code === 0, `${room}: ${tsc} refuses a strict program:\n${out}`);
  }
}
