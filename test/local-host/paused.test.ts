import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { appFolder, scratch } from "./support.ts";

const bin = fileURLToPath(new URL("../../bin/lightning-host.js", import.meta.url));
const env = { ...process.env, JEST_WORKER_ID: undefined };
const started: ChildProcess[] = [];
jest.setTimeout(90_000);
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

async function host(home: string, ...args: string[]) {
  const child = spawn(
    process.execPath,
    [bin, appFolder("hostile-app"), "--home", home, "--port", "0", "--quiet", ...args],
    { env },
  );
  started.push(child);
  let text = "";
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => {
        text += chunk;
        const found = /Listening on (\S+),/.exec(text)?.[1];
        if (found !== undefined) resolve(found);
      });
    child.once("exit", () => reject(new Error(`The host ended: ${text}`)));
  });
  const ask = async (address: string, method = "GET") => {
    const answer = await fetch(`${url}${address}`, { method });
    return { status: answer.status, text: await answer.text() };
  };
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await once(child, "exit");
  };
  return { ask, end, text: () => text };
}
const DURABLE = "/runtime/webhooks/durabletask";

/** `lightning-host instances …` */
function instances(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [bin, "instances", ...args],
      { env, cwd: appFolder(".") },
      (_error, out, err) => resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

/** A home in which an orchestration without end was at work when its host was killed. */
async function poisoned(): Promise<string> {
  const home = await scratch();
  const { ask, end } = await host(home);
  for (const [orchestrator, id] of [
    ["recursion", "root"],
    ["endlessWork", "worker"],
  ] as const)
    expect((await ask(`${DURABLE}/orchestrators/${orchestrator}/${id}`, "POST")).status).toBe(202);
  for (let known = 0; known < 10; )
    known = (JSON.parse((await ask(`${DURABLE}/instances?top=20`)).text) as unknown[]).length;
  await end("SIGKILL");
  return home;
}

describe("a home whose orchestrations never end", () => {
  test("is listed, ended and emptied while no host holds it, and runs nothing of it afterwards", async () => {
    const home = await poisoned();
    const listed = await instances("list", "--home", home, "--json");
    expect(listed).toMatchObject({ code: 0, err: "" });
    const before = (JSON.parse(listed.out) as { instances: { instanceId: string; runtimeStatus: string }[] })
      .instances;
    expect(before.map(({ instanceId }) => instanceId)).toEqual(expect.arrayContaining(["root", "worker"]));

    expect(await instances("purge", "worker", "nobody", "--home", home)).toEqual({
      code: 2,
      out: "0 purged\n",
      err: "nobody: there is no such instance\nworker: not purged: it has not ended\n",
    });
    const ended = await instances(
      "terminate",
      "--status",
      "Running,Pending",
      "--home",
      home,
      "--reason",
      "no end",
      "--json",
    );
    expect(ended.code).toBe(0);
    const { terminated } = JSON.parse(ended.out) as { terminated: string[] };
    expect(terminated.toSorted()).toEqual(before.map(({ instanceId }) => instanceId).toSorted());

    const { ask, end } = await host(home);
    const after = JSON.parse((await ask(`${DURABLE}/instances?top=10000`)).text) as {
      runtimeStatus: string;
      output: string;
    }[];
    expect(after).toHaveLength(before.length);
    expect(new Set(after.map(({ runtimeStatus }) => runtimeStatus))).toEqual(new Set(["Terminated"]));
    expect(after[0]?.output).toBe("no end");
    expect(await instances("list", "--home", home)).toMatchObject({
      code: 1,
      err: expect.stringContaining("holds the data folder"),
    });
    await end("SIGTERM");

    expect(await instances("purge", "--all", "--home", home)).toMatchObject({
      code: 0,
      out: `${before.length} purged\n`,
    });
    expect((await instances("list", "--home", home)).out).toBe("0 instances\n");
    await rm(home, { recursive: true, force: true });
  });

  test("opens with --paused and runs nothing; what runs can be ended and removed by the management API", async () => {
    const home = await poisoned();
    const { ask, end, text } = await host(home, "--paused");
    expect(text()).toContain("Paused: nothing of the app runs");
    const all = async () =>
      JSON.parse((await ask(`${DURABLE}/instances?top=10000`)).text) as {
        instanceId: string;
        runtimeStatus: string;
      }[];
    const before = await all();
    expect((await ask("/admin/host/status")).status).toBe(200);
    for (const [address, method] of [
      [`${DURABLE}/orchestrators/recursion`, "POST"],
      [`${DURABLE}/instances/root/raiseEvent/go`, "POST"],
      ["/api/anything", "GET"],
      ["/admin/functions/echo", "POST"],
    ] as const)
      expect({ address, ...(await ask(address, method)) }).toEqual({
        address,
        status: 503,
        text: expect.stringContaining("paused"),
      });
    expect((await ask(`${DURABLE}/instances/worker/terminate?reason=op`, "POST")).status).toBe(202);
    while (
      (JSON.parse((await ask(`${DURABLE}/instances/worker`)).text) as { runtimeStatus: string })
        .runtimeStatus !== "Terminated"
    );
    expect((await ask(`${DURABLE}/instances/worker`, "DELETE")).status).toBe(200);
    expect((await all()).map(({ instanceId }) => instanceId)).toEqual(
      before.map(({ instanceId }) => instanceId).filter((id) => id !== "worker"),
    );
    await end("SIGTERM");
    await rm(home, { recursive: true, force: true });
  });
});

describe("a home with an entity", () => {
  test("is terminated without it, and emptied with it", async () => {
    const home = await scratch();
    const { ask, end } = await host(home);
    const later = "scheduledStartTime=2099-01-01T00:00:00Z";
    for (const id of ["one", "two"])
      expect((await ask(`${DURABLE}/orchestrators/child/${id}?${later}`, "POST")).status).toBe(202);
    expect((await ask(`${DURABLE}/entities/counter/kept?op=add`, "POST")).status).toBe(202);
    while ((await ask(`${DURABLE}/entities/counter/kept`)).status !== 200);
    await end("SIGTERM");

    const entity = "@counter@kept";
    const steps: readonly (readonly [args: string[], code: number, out: string, err: string])[] = [
      [["terminate", entity], 2, "0 terminated\n", `${entity}: an entity has no end; it can be purged\n`],
      [["terminate", "--status", "Running"], 0, "0 terminated\n", ""],
      [["terminate", "--all"], 0, "2 terminated\n", ""],
      [["terminate", "one"], 2, "0 terminated\n", "one: had ended before\n"],
      [["purge", "one"], 0, "1 purged\n", ""],
      [["purge", "--status", "Running,Terminated"], 0, "1 purged\n", ""],
      [["purge", "--all"], 0, "1 purged\n", ""],
      [["purge", entity], 2, "0 purged\n", `${entity}: there is no such instance\n`],
    ];
    for (const [args, code, out, err] of steps)
      expect({ args, ...(await instances(...args, "--home", home)) }).toEqual({ args, code, out, err });
    await rm(home, { recursive: true, force: true });
  });
});

describe("lightning-host instances", () => {
  test.each([
    [["--help"], 0, "Exit codes:", ""],
    [[], 1, "", "Give one of list, terminate, purge."],
    [["drop"], 1, "", 'not "drop"'],
    [["purge"], 1, "", "Say which: give ids, or one of --all, --status and --prefix."],
    [["terminate", "one", "--all"], 1, "", "Say which"],
    [["list", "--status", "Runing"], 1, "", "--status takes Running, Pending"],
    [["list", "--hom", "x"], 1, "", "See lightning-host instances --help."],
    [["list", "--home", "/nowhere"], 1, "", "No orchestrations were kept in /nowhere."],
  ])("%j exits with %i and says why", async (args, code, out, err) => {
    const said = await instances(...args);
    expect(said.code).toBe(code);
    expect(said.out).toContain(out);
    expect(said.err).toContain(err);
  });
});
