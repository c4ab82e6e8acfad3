// DBOS on a PostgreSQL of its own, with that one's defaults (fsync on).
import { execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DBOS } from "@dbos-inc/dbos-sdk";
import { measure, plan, report } from "./measure.mjs";

const root = "/usr/lib/postgresql";
const version = existsSync(root) ? readdirSync(root).toSorted().at(-1) : undefined;
const bin = version === undefined ? "" : path.join(root, version, "bin/");
const home = mkdtempSync(path.join(tmpdir(), "dbos-"));
// PostgreSQL refuses to run as root.
let user = {};
if (process.getuid() === 0) {
  const id = (flag) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  user = { uid: id("-u"), gid: id("-g") };
  chownSync(home, user.uid, user.gid);
}
const data = path.join(home, "data");
execFileSync(`${bin}initdb`, ["-D", data, "-U", "postgres", "-A", "trust"], {
  stdio: "ignore",
  cwd: home,
  ...user,
});
const port = 20_000 + (process.pid % 20_000);
const server = spawn(`${bin}postgres`, ["-D", data, "-p", String(port), "-k", home], {
  stdio: "ignore",
  cwd: home,
  ...user,
});
process.on("exit", () => {
  server.kill("SIGQUIT");
  rmSync(home, { recursive: true, force: true });
});
const address = ["-h", "127.0.0.1", "-p", String(port), "-U", "postgres"];
for (let tries = 0; ; tries++) {
  try {
    execFileSync("psql", [...address, "-c", "CREATE DATABASE bench"], { stdio: "ignore" });
    break;
  } catch {
    if (tries > 100) throw new Error("PostgreSQL did not start.");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const add = (n) => DBOS.runStep(async () => n + 1, { name: "add" });
const workflows = {
  five: DBOS.registerWorkflow(
    async () => {
      let n = 0;
      for (let i = 0; i < 5; i++) n = await add(n);
      return n;
    },
    { name: "five" },
  ),
  fan: DBOS.registerWorkflow(
    async (width) => (await Promise.all(Array.from({ length: width }, (_, n) => add(n)))).length,
    { name: "fan" },
  ),
};
DBOS.setConfig({
  name: "bench",
  systemDatabaseUrl: `postgresql://postgres@127.0.0.1:${port}/bench`,
  logLevel: "error",
  runAdminServer: false,
});
await DBOS.launch();
const figures = await measure(async (name, input) => {
  const handle = await DBOS.startWorkflow(workflows[name])(input);
  return handle.getResult();
}, plan);
report(figures);
