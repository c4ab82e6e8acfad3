import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { styleText } from "node:util";
import { checkDeployed } from "./check-deployed.ts";
import { checkHost, checkTooOld } from "./checks-host.ts";
import { checkExample, checkLeaf, checkTypes, checkUse, type Figures } from "./checks-sdk.ts";
import { type Consumer, createConsumer } from "./consumer.ts";
import { folderOf, PACKAGES, ROOT } from "./files.ts";
import { sizeOf } from "./measure.ts";
import { run, withServer } from "./run.ts";

/** `npm run packages:check`: builds and packs the packages, and installs them into an empty project for each Node. */

/** The oldest that is promised to agents, the oldest that is promised to the host, and the one that the project runs on. */
const NODES = ["20.19.0", "22.20.0", "24.21.0"];

const scratch = mkdtempSync(path.join(tmpdir(), "lightning-packages-"));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
const begun = performance.now();
const step = (text: string) =>
  console.log(
    `${styleText("dim", `${((performance.now() - begun) / 1000).toFixed(0).padStart(4)} s`)}  ${text}`,
  );
const kb = (bytes: number) => `${Math.round(bytes / 1024).toLocaleString("en")} KB`;

async function pack(): Promise<string[]> {
  const built = await run(process.execPath, [path.join(ROOT, "tools/packages/build.ts")], { cwd: ROOT });
  if (built.code !== 0) throw new Error(`The packages cannot be built:\n${built.err}`);
  const tarballs: string[] = [];
  for (const name of PACKAGES) {
    const args = ["pack", "--json", "--pack-destination", scratch];
    const { code, out, err } = await run("npm", args, {
      cwd: folderOf(name),
      shell: process.platform === "win32",
    });
    if (code !== 0) throw new Error(`npm pack failed: ${err}`);
    const reply = JSON.parse(out) as unknown;
    const [packed] = Object.values(reply as object) as {
      filename: string;
      size: number;
      unpackedSize: number;
      name: string;
    }[];
    if (packed === undefined) throw new Error(`npm pack told nothing: ${out}`);
    step(`packed ${packed.name}: ${kb(packed.size)}, unpacked ${kb(packed.unpackedSize)}`);
    tarballs.push(path.join(scratch, packed.filename));
  }
  return tarballs;
}

async function check(consumer: Consumer, endpoint: string): Promise<Figures> {
  const figures = await checkLeaf(consumer);
  await checkUse(consumer, endpoint);
  await checkTypes(consumer, "sdk");
  if (consumer.major >= 24) await checkExample(consumer, endpoint);
  if (consumer.major < 22) await checkTooOld(consumer);
  else {
    await checkTypes(consumer, "host");
    await checkHost(consumer);
  }
  const { ms, mb } = figures.cost;
  const installed = ["agent-lightning", "agent-lightning-cli", "lightning-host"].map(
    (name) => `${name} ${kb(sizeOf(path.join(consumer.folder, "node_modules", name)))}`,
  );
  step(
    `Node ${consumer.version}: ESM, CommonJS, strict nodenext; import of agent-lightning +${ms.toFixed(0)} ms (60), ` +
      `+${mb.toFixed(1)} MB (15) above an empty process; installed ${installed.join(", ")}`,
  );
  return figures;
}

try {
  const tarballs = await pack();
  // Side by side: an installation mostly waits.
  const [deployed, ...consumers] = await Promise.all([
    checkDeployed(scratch),
    ...NODES.map((version) => createConsumer(scratch, version, tarballs)),
  ]);
  step(
    `the function app as it is deployed loads: ${kb(deployed.bytes)} in ${deployed.files} files, no link and no development package`,
  );
  step(`installed for Node ${NODES.join(", ")}`);
  const home = path.join(scratch, "app-home");
  mkdirSync(home);
  const args = [path.join(ROOT, "src/start.ts"), "--port", "0", "--home", home];
  await withServer(process.execPath, args, { cwd: ROOT }, async (url) => {
    for (const consumer of consumers) await check(consumer, url);
  });
  step("every package installs and works on every Node");
} catch (thrown) {
  console.error((thrown as Error).message);
  process.exitCode = 1;
}
