import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { request } from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { findRunningHost } from "../../src/local-host/local-host.ts";
import { appFolder, scratch } from "./support.ts";

/** Node's own module loading, which Jest replaces in its tests: hence real processes. */
const bin = fileURLToPath(new URL("../../bin/lightning-host.js", import.meta.url));
const started: ChildProcess[] = [];
jest.setTimeout(30_000); // a process takes its time to start on a busy machine

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

interface Running {
  readonly url: string;
  readonly child: ChildProcess;
  /** Everything written so far, output and errors. */
  readonly text: () => string;
}

function launch(app: string, home: string, args: string[] = [], env: Record<string, string> = {}) {
  const child = spawn(
    process.execPath,
    [bin, path.resolve(appFolder("."), app), "--home", home, "--port", "0", ...args],
    {
      env: { ...process.env, JEST_WORKER_ID: undefined, ...env },
    },
  );
  started.push(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk));
  return { child, text: () => text };
}

async function run(...args: Parameters<typeof launch>): Promise<Running> {
  const { child, text } = launch(...args);
  return new Promise((resolve, reject) => {
    child.stdout.on("data", () => {
      const url = /Listening on (\S+),/.exec(text())?.[1];
      if (url !== undefined) resolve({ child, text, url });
    });
    child.once("exit", () => reject(new Error(`The host ended: ${text()}`)));
  });
}

describe("an app in a process of its own", () => {
  test("in CommonJS finds @azure/functions-core by require, with every member", async () => {
    const { url } = await run("cjs-app", await scratch());
    expect(await (await fetch(`${url}/hello?name=you`)).text()).toBe("Hello from CommonJS, you");
    expect(await (await fetch(`${url}/core`)).json()).toEqual({
      keys: [
        "Disposable",
        "getProgrammingModel",
        "hostVersion",
        "log",
        "registerFunction",
        "registerHook",
        "setProgrammingModel",
        "version",
      ],
      model: "@azure/functions",
    });
  });

  test("runs the SDK with native async functions, or as it is published when that is asked for", async () => {
    const [native, published] = await Promise.all([
      run("cjs-app", await scratch()),
      run("cjs-app", await scratch(), [], { LIGHTNING_HOST_SDK_AS_PUBLISHED: "1" }),
    ]);
    const sdk = async ({ url }: Running) => (await fetch(`${url}/sdk`)).text();
    expect(await sdk(native)).toContain("async function");
    expect(await sdk(published)).toContain("function*");
    for (const { url } of [native, published])
      expect(await (await fetch(`${url}/hello?name=you`)).text()).toBe("Hello from CommonJS, you");
  });

  test("may reject a promise that nobody waits for: the host tells it and goes on", async () => {
    const { url, text } = await run("cjs-app", await scratch());
    expect(await (await fetch(`${url}/stray`)).text()).toBe("fine");
    while (!text().includes("nobody waits for this")) await new Promise((resolve) => setImmediate(resolve));
    expect((await fetch(`${url}/hello`)).status).toBe(200);
  });

  test("may throw where nobody catches: the host tells it and goes on, as Azure starts a new worker", async () => {
    const { url, text } = await run("cjs-app", await scratch());
    expect(await (await fetch(`${url}/thrower`)).text()).toBe("fine");
    while (!text().includes("nobody catches this")) await new Promise((resolve) => setImmediate(resolve));
    expect((await fetch(`${url}/hello`)).status).toBe(200);
  });

  test("in TypeScript runs from its sources, though package.json names a build that is not there", async () => {
    const { url, text } = await run("ts-app", await scratch());
    expect(await (await fetch(`${url}/api/hello?name=you`)).text()).toBe("Hello from TypeScript, you");
    expect(await (await fetch(`${url}/api/direct`)).json()).toMatchObject({ hook: "function", same: true });
    expect(text()).toContain("Loaded ts-app: functions/*.ts (TypeScript sources; no build is needed here)");
  });

  describe("in TypeScript that types cannot simply be stripped from", () => {
    /** An app with an enum, and imports without an extension or with the build's. */
    async function appWith(type: "module" | "commonjs", more = "") {
      // Inside the repository, so that the app finds the libraries.
      const folder = await mkdtemp(path.join(appFolder("."), ".compiled-"));
      const write = async (file: string, text: string) => {
        await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
        await writeFile(path.join(folder, file), text);
      };
      await write("package.json", JSON.stringify({ type, main: "dist/functions/*.js" }));
      await write("tsconfig.json", JSON.stringify({ compilerOptions: { target: "chosen by the app" } }));
      await write("src/words.ts", 'export enum Word { Hello = "Hello" }\nexport * from "./more";');
      await write("src/more/index.ts", 'export const name: string = "you";');
      const imports =
        type === "module"
          ? 'import { app } from "@azure/functions";\nimport { Word, name } from "../words.js";'
          : 'const { app } = require("@azure/functions");\nconst { Word, name } = require("../words");';
      await write(
        "src/functions/hello.ts",
        `${imports}\napp.http("hello", { handler: () => ({ body: Word.Hello + " " + name + " " + target }) });\n${more}`,
      );
      return { folder, write };
    }

    /** The part of a compiler's interface that is asked for, on what Node has; `export` becomes `exports` by hand. */
    const COMPILER = `
      const { stripTypeScriptTypes } = require("node:module");
      exports.sys = {};
      exports.ModuleKind = { CommonJS: 1, ESNext: 99 };
      exports.ScriptTarget = { ESNext: 99 };
      exports.readConfigFile = (file, read) => ({ config: JSON.parse(read(file)) });
      exports.parseJsonConfigFileContent = ({ compilerOptions }) => ({ options: compilerOptions });
      exports.flattenDiagnosticMessageText = (text) => text;
      exports.transpileModule = (source, { compilerOptions: { module, target } }) => {
        const start = source.indexOf("= ;");
        if (start >= 0) return { outputText: source, diagnostics: [{ messageText: "options" }, { messageText: "Expression expected.", start }] };
        let text = stripTypeScriptTypes(source, { mode: "transform" });
        if (module === 1)
          text = text
            .replace(/export (?:var|const) (\\w+)/g, "const $1 = exports.$1")
            .replace(/export \\* from (.*);/, "Object.assign(exports, require($1));");
        return { outputText: "const target = " + JSON.stringify(target) + ";" + text };
      };`;

    test.each(["module", "commonjs"] as const)(
      "is compiled by the TypeScript that the app itself has, as %s",
      async (type) => {
        const { folder, write } = await appWith(type);
        try {
          await write("node_modules/typescript/index.js", COMPILER);
          await write("node_modules/typescript/package.json", '{ "type": "commonjs" }');
          // Also by a link to it: Node knows files by their own names.
          const link = path.join(await scratch(), "link");
          await symlink(folder, link);
          for (const address of [path.basename(folder), link]) {
            const { url } = await run(address, await scratch());
            expect(await (await fetch(`${url}/api/hello`)).text()).toBe("Hello you chosen by the app");
          }
          await write("src/functions/hello.ts", "let fine = 1;\nconst x = ;");
          const { child, text } = launch(path.basename(folder), await scratch());
          expect((await once(child, "exit"))[0]).toBe(1);
          expect(text()).toMatch(
            /hello\.ts could not be loaded: Expression expected\.\n.*hello\.ts:2\nconst x = ;\n {8}\^/,
          );
        } finally {
          await rm(folder, { recursive: true, force: true });
        }
      },
    );

    test("says what to do when the app has none", async () => {
      const { folder, write } = await appWith("module");
      try {
        // As version 7, which is a program without a programming interface.
        await write("node_modules/typescript/index.js", "exports.version = '7.0.2';");
        await write("node_modules/typescript/package.json", '{ "type": "commonjs" }');
        const { child, text } = launch(path.basename(folder), await scratch());
        expect((await once(child, "exit"))[0]).toBe(1);
        expect(text()).toContain("enum");
        expect(text()).toContain("npm run build");
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  });

  test("in ES modules is described as it starts, and tells each call with its time", async () => {
    const { url, text } = await run("esm-app", await scratch());
    expect(text()).toContain(`  byMethod: [POST] ${url}/api/by-method\n`);
    expect(text()).toMatch(/ {2}hourly: timerTrigger, next \d{4}-\d\d-\d\dT\d\d:00:00\.000Z/);
    expect((await fetch(`${url}/api/echo`)).status).toBe(200);
    while (!text().includes("executed echo")) await new Promise((resolve) => setImmediate(resolve));
    expect(text()).toMatch(/info executed echo in \d+(\.\d)? ms\n/);
    expect(text()).not.toContain("\u001b[");
  });

  test("that cannot be loaded ends the host with a reason and a remedy", async () => {
    const { child, text } = launch("ts-app", await scratch(), ["--built"]);
    expect((await once(child, "exit"))[0]).toBe(1);
    expect(text()).toContain('matches "main" of package.json (dist/functions/*.js)');
    expect(text()).toContain("Build the app first");
  });

  test.each([
    [
      "bad.mjs",
      "let fine = 1;\nconst x = ;",
      /bad\.mjs could not be loaded: Unexpected token ';'\n.*bad\.mjs:2\nconst x = ;\n/,
    ],
    [
      "bad.cjs",
      "const x = ;",
      /bad\.cjs could not be loaded: Unexpected token ';'\n.*bad\.cjs:1\nconst x = ;\n/,
    ],
    ["bad.mjs", 'throw new Error("no db");', /could not be loaded: no db\n {4}at .*bad\.mjs:1:7/],
    ["bad.mjs", 'import "./nope.mjs";', /bad\.mjs could not be loaded: Cannot find module/],
    ["bad.mjs", 'import "./bad";', /Cannot find module[\s\S]*Did you mean .*bad\.mjs\?/],
  ])("whose %s says %j ends with the place of the fault", async (file, code, told) => {
    const folder = await scratch();
    await writeFile(path.join(folder, "package.json"), JSON.stringify({ main: file }));
    await writeFile(path.join(folder, file), code);
    const { child, text } = launch(folder, await scratch());
    expect((await once(child, "exit"))[0]).toBe(1);
    expect(text()).toMatch(told);
  });

  test("that registers nothing is told so, and runs", async () => {
    const folder = await scratch();
    await writeFile(path.join(folder, "package.json"), JSON.stringify({ main: "index.cjs" }));
    await writeFile(path.join(folder, "index.cjs"), "");
    const { text } = await run(folder, await scratch());
    expect(text()).toMatch(/warn The app registers no function\. Look whether .* "main"/);
  });

  test("that is not there, or named twice, ends before anything is made", async () => {
    const folder = await scratch();
    const { child, text } = launch(folder, path.join(folder, "home"));
    expect((await once(child, "exit"))[0]).toBe(1);
    expect(text()).toContain("it is no Functions app");
    expect(await readdir(folder)).toEqual([]);
    const twice = launch(folder, folder, ["another"]);
    expect((await once(twice.child, "exit"))[0]).toBe(1);
    expect(twice.text()).toContain("Give one folder, not 2.");
  });
});

describe("streaming", () => {
  test("an answer comes chunk by chunk, an upload streams in, and a failure is answered", async () => {
    const { url } = await run("stream-app", await scratch());
    const reply = await fetch(`${url}/api/ticks/3`);
    expect(reply.headers.get("content-type")).toBe("text/event-stream");
    const chunks: string[] = [];
    for await (const chunk of reply.body ?? []) chunks.push(Buffer.from(chunk).toString());
    expect(chunks.join("")).toBe("data: 2\n\ndata: 1\n\ndata: 0\n\n");
    // A busy machine may hand over two at a time, never all of them at the end.
    expect(chunks.length).toBeGreaterThan(1);

    const upload = await fetch(`${url}/api/size?a=1`, {
      method: "POST",
      headers: { "content-type": "application/x-thing" },
      body: new Uint8Array(5_000_000),
    });
    expect(await upload.json()).toEqual({
      size: 5_000_000,
      type: "application/x-thing",
      url: `${url}/api/size?a=1`,
    });

    const params = await fetch(`${url}/api/params/caf%C3%A9%20noir/007`);
    expect(await params.json()).toEqual({ word: "café noir", number: "007" });
    // The query is in them as well, but for the key; what the route says wins.
    const asked = await fetch(`${url}/api/params/a/1?name=ada&name=bo&Word=no&code=key`);
    expect(await asked.json()).toEqual({ word: "a", number: "1", name: "ada,bo" });

    // A function that throws or returns nothing sends nothing to the library's proxy: the host answers.
    expect((await fetch(`${url}/api/broken`)).status).toBe(500);
    expect((await fetch(`${url}/api/silent`)).status).toBe(204);
  });
});

describe("the holder of a home folder", () => {
  test("can be found while it runs, and stops in good order at SIGTERM", async () => {
    const home = await scratch();
    expect(await findRunningHost(home)).toBeUndefined();
    const { child, url } = await run("cjs-app", home);
    const found = await findRunningHost(home);
    expect(found).toMatchObject({ pid: child.pid });
    expect(new URL(found?.url ?? "").port).toBe(new URL(url).port);
    child.kill("SIGTERM");
    expect((await once(child, "exit"))[0]).toBe(0);
    expect(await findRunningHost(home)).toBeUndefined();
    await expect(readFile(path.join(home, "host", "host.json"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("keeps a second host out, and one that was killed does not", async () => {
    const home = await scratch();
    const first = await run("cjs-app", home);
    const second = launch("cjs-app", home);
    expect((await once(second.child, "exit"))[0]).toBe(1);
    expect(second.text()).toContain(`Process ${first.child.pid} at`);
    first.child.kill("SIGKILL");
    await once(first.child, "exit");
    expect(await findRunningHost(home)).toBeUndefined();
    expect((await run("cjs-app", home)).url).toMatch(/^http/);
  });

  test("leaves orchestrations that go on after kill -9, at the next start", async () => {
    const home = await scratch();
    const journal = path.join(home, "journal");
    const env = { FIXTURE_JOURNAL: journal };
    const first = await run("durable-app", home, [], env);
    expect(first.text()).toContain(
      "  activityTrigger: greet\n  orchestrationTrigger: greetLater, waitForWord\n",
    );
    const names = ["a", "b", "c", "d"];
    await fetch(`${first.url}/api/start/greetLater/k`, {
      method: "POST",
      body: JSON.stringify({ names, seconds: 0.3 }),
    });
    const lines = async () => (await readFile(journal, "utf8").catch(() => "")).split("\n").filter(Boolean);
    while ((await lines()).length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    first.child.kill("SIGKILL");
    await once(first.child, "exit");

    const second = await run("durable-app", home, [], env);
    const address = `${second.url}/runtime/webhooks/durabletask/instances/k`;
    let status: { runtimeStatus?: string; output?: unknown } = {};
    while (status.runtimeStatus !== "Completed")
      status = (await (await fetch(address)).json()) as typeof status;
    expect(status.output).toEqual(names.map((name) => `Hello ${name} from greet`));
    // At least once: only the activity that was cut off may be there twice.
    expect(new Set(await lines())).toEqual(new Set(names));
    expect((await lines()).length).toBeLessThanOrEqual(names.length + 1);
  });
});

describe("a stop", () => {
  test("lets a request that is under way end", async () => {
    const { url, child } = await run("stream-app", await scratch());
    const port = new URL(url).port;
    const reply = await new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      request({ host: "127.0.0.1", port, path: "/api/ticks/8" }, (message) => {
        let body = "";
        message.on("data", (chunk: Buffer) => {
          if (body === "") child.kill("SIGINT");
          body += chunk;
        });
        message.on("end", () => resolve({ status: message.statusCode, body }));
        message.on("error", reject);
      })
        .on("error", reject)
        .end();
    });
    expect(reply.status).toBe(200);
    expect(reply.body).toContain("data: 0\n\n");
    if (child.exitCode === null) await once(child, "exit");
    expect(child.exitCode).toBe(0);
  });

  test("with --watch starts anew whenever a source changes, and its orchestrations go on", async () => {
    // Inside the repository, so that the app finds the libraries.
    const folder = await mkdtemp(path.join(appFolder("."), ".watched-"));
    try {
      await cp(appFolder("durable-app"), folder, { recursive: true });
      const source = path.join(folder, "index.js");
      const code = await readFile(source, "utf8");
      const waiting = (word: string) =>
        `${code}
df.app.orchestration("patient", function* (context) {
  const event = yield context.df.waitForExternalEvent("go");
  return "${word} " + event;
});
`;
      await writeFile(source, waiting("old"));
      const { url, text, child } = await run(path.basename(folder), await scratch(), ["--watch"]);
      const api = `${url}/runtime/webhooks/durabletask`;
      const post = (address: string, body: unknown) =>
        fetch(`${api}/${address}`, {
          method: "POST",
          body: JSON.stringify(body),
          headers: { "content-type": "application/json" },
        });
      await post("orchestrators/patient/p", null);
      await writeFile(source, waiting("new"));
      const starts = () => [...text().matchAll(/Listening on (\S+),/g)].map(([, at]) => at);
      while (starts().length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
      const again = `${starts()[1]}/runtime/webhooks/durabletask`;
      const raised = await fetch(`${again}/instances/p/raiseEvent/go`, {
        method: "POST",
        body: JSON.stringify("morning"),
        headers: { "content-type": "application/json" },
      });
      expect(raised.status).toBe(202);
      const state = async () => (await (await fetch(`${again}/instances/p`)).json()) as { output: unknown };
      while ((await state()).output === null) await new Promise((resolve) => setTimeout(resolve, 20));
      expect((await state()).output).toBe("new morning");

      // Editors replace a file rather than write it, again and again, and files are broken for a while.
      const replace = async (changed: string) => {
        await writeFile(`${source}.new`, changed);
        await rename(`${source}.new`, source);
      };
      const told = async (words: string, times: number) => {
        while (text().split(words).length <= times) await new Promise((resolve) => setTimeout(resolve, 20));
      };
      await replace(waiting("replaced"));
      await told("Listening on", 3);
      await replace(`${code}\nconst x = ;`);
      await told("const x = ;", 1);
      await told("starts again when one of its files changes", 1);
      await replace(waiting("mended"));
      await told("Listening on", 4);
      child.kill("SIGTERM");
      await once(child, "exit");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, 90_000);
});
