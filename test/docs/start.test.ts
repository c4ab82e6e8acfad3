import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "@jest/globals";
import { NODE_OPTIONS } from "../../bin/node-options.js";

test("`npm run dev` starts anew when a source or host.json changes, and says so", async () => {
  const root = path.resolve(import.meta.dirname, "../..");
  const { scripts } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
    scripts: { dev: string };
  };
  const home = mkdtempSync(path.join(tmpdir(), "lightning-dev-"));
  const [, ...words] = scripts.dev.split(" ");
  const child = spawn(process.execPath, [...words, "--port", "0", "--home", home], {
    cwd: root,
    env: { ...process.env, JEST_WORKER_ID: undefined },
  });
  try {
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const starts = () => said.split("Listening on").length - 1;
    const started = async (times: number) => {
      const until = Date.now() + 25_000;
      while (starts() < times) {
        if (child.exitCode !== null || Date.now() > until) throw new Error(`start ${times} of: ${said}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await started(1);
    // Another time of change is a change to whoever watches, and none to the repository.
    for (const [n, file] of ["functions/durable.ts", "host.json"].entries()) {
      utimesSync(path.join(root, file), new Date(), new Date());
      await started(n + 2);
    }
    expect(said.split("A file changed; starting anew.")).toHaveLength(3);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  } finally {
    child.kill("SIGKILL");
    rmSync(home, { recursive: true, force: true });
  }
}, 90_000);

test("`npm start` gives Node what `lightning-host` and the benches give it", () => {
  const { scripts } = JSON.parse(
    readFileSync(path.resolve(import.meta.dirname, "../../package.json"), "utf8"),
  ) as {
    scripts: { start: string };
  };
  const flags = NODE_OPTIONS.filter((option) => /^--m(?:in|ax)-/.test(option));
  expect(flags).toHaveLength(2);
  for (const flag of flags) expect(scripts.start.split(" ")).toContain(flag);
  expect(scripts.start).toContain("--import ./bin/compile-cache.js");
});
