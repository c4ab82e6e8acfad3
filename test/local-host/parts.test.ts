import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { resolveSettings } from "../../src/local-host/app-settings.ts";
import { findEntry, readManifest } from "../../src/local-host/core-api/app-files.ts";
import { createCore } from "../../src/local-host/core-api/core.ts";
import { Disposable } from "../../src/local-host/core-api/disposable.ts";
import { toError } from "../../src/local-host/core-api/errors.ts";
import { plainText } from "../../src/local-host/core-api/typed-data.ts";
import { durableSettings } from "../../src/local-host/durable/options.ts";
import { claimHome, findRunningHost, homeFiles } from "../../src/local-host/home.ts";
import { readHostConfig } from "../../src/local-host/host-config.ts";
import { openKeys } from "../../src/local-host/http/keys.ts";
import { retryDelayMs } from "../../src/local-host/retry.ts";
import { openStateFile } from "../../src/local-host/state-file.ts";
import { Tracker } from "../../src/local-host/tracker.ts";
import { scratch } from "./support.ts";

async function folderWith(files: Record<string, string>): Promise<string> {
  const folder = await scratch();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
  return folder;
}

describe("the function table", () => {
  const trigger = { t: { type: "httpTrigger", direction: "in" } } as const;

  test("refuses a second function of the same id, one without a trigger, and all once the app is loaded", () => {
    const core = createCore();
    const { api } = core;
    api.registerFunction({ name: "a", bindings: trigger }, () => undefined);
    const system = expect.objectContaining({ isAzureFunctionsSystemError: true });
    expect(() => api.registerFunction({ name: "a", bindings: trigger }, () => undefined)).toThrow(system);
    expect(() => api.registerFunction({ name: "b", bindings: {} }, () => undefined)).toThrow(system);
    core.lock();
    expect(() => api.registerFunction({ name: "c", bindings: trigger }, () => undefined)).toThrow(system);
  });

  test("a registration can be taken back while the app loads", () => {
    const { api, functions } = createCore();
    api.registerFunction({ name: "a", bindings: trigger }, () => undefined).dispose();
    expect(functions.size).toBe(0);
  });

  test("an unknown hook is a RangeError with the system mark, which @azure/functions looks for", () => {
    let thrown: unknown;
    try {
      createCore().api.registerHook("nonsense", () => undefined);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ isAzureFunctionsSystemError: true });
    expect(thrown).toBeInstanceOf(RangeError);
  });

  test("a hook that was disposed of runs no more", async () => {
    const core = createCore();
    const { api } = core;
    const seen: string[] = [];
    const first = api.registerHook("appStart", () => seen.push("first"));
    api.registerHook("appStart", async () => seen.push("second"));
    await core.runHooks("appStart", {});
    first.dispose();
    await core.runHooks("appStart", {});
    expect(seen).toEqual(["first", "second", "second"]);
  });

  test("log hooks can rewrite what users log, not what the system does", () => {
    const core = createCore();
    const { api } = core;
    const heard: string[] = [];
    core.onLog((level, category, message) => heard.push(`${level} ${category} ${message}`));
    api.registerHook("log", (context) => {
      context.message = "rewritten";
      context.level = "error";
    });
    api.log("information", "user", "mine");
    api.log("information", "system", "theirs");
    expect(heard).toEqual(["error user rewritten", "information system theirs"]);
  });

  test("Disposable runs once, also for many", () => {
    const seen: number[] = [];
    const all = Disposable.from(...[1, 2].map((n) => new Disposable(() => seen.push(n))));
    all.dispose();
    all.dispose();
    expect(seen).toEqual([1, 2]);
  });
});

describe("values on the wire", () => {
  test("text that can be no JSON is marked as text, and reaches the function as it would have anyway", () => {
    const texts = fc.oneof(fc.string({ unit: "binary" }), fc.json(), fc.double().map(String), fc.uuid());
    /** As the library reads it: text that is JSON is parsed, other text stays as it is. */
    const read = ({ string, json }: { string?: string | null; json?: string | null }): unknown => {
      if (typeof json === "string") return JSON.parse(json);
      try {
        return JSON.parse(string ?? "");
      } catch {
        return string;
      }
    };
    fc.assert(fc.property(texts, (string) => expect(read(plainText({ string }))).toEqual(read({ string }))));
    expect(plainText({ string: "run-1" })).toEqual({ json: '"run-1"' });
    expect(plainText({ string: "12" })).toEqual({ string: "12" });
  });

  test("whatever is thrown becomes an Error, as in the Node worker", () => {
    expect(["text", 5, { a: 1 }, undefined].map((thrown) => toError(thrown).message)).toEqual([
      "text",
      "5",
      '{"a":1}',
      "Unknown error",
    ]);
    const error = new TypeError("same");
    expect(toError(error)).toBe(error);
  });
});

describe("the entry files of an app", () => {
  test.each([
    [{ "dist/functions/a.js": "", "functions/a.ts": "", "functions/b.ts": "" }, "functions/*.ts", 2],
    [{ "dist/functions/a.js": "", "src/functions/a.ts": "" }, "src/functions/*.ts", 1],
    [{ "dist/functions/a.js": "", "dist/functions/a.d.ts": "" }, "dist/functions/*.js", 1],
  ])("of %j are %s", async (files, glob, count) => {
    const entry = findEntry(await folderWith(files), { main: "dist/functions/*.js" }, false);
    expect([entry.glob, entry.files.length, entry.fromSources]).toEqual([
      glob,
      count,
      !glob.startsWith("dist"),
    ]);
  });

  test("are the build's when that is asked for, and index.js when package.json says nothing", async () => {
    const folder = await folderWith({ "dist/a.js": "", "a.ts": "", "index.js": "" });
    expect(findEntry(folder, { main: "./dist/*.js" }, true).files).toEqual(["dist/a.js"]);
    expect(findEntry(folder, {}, false).files).toEqual(["index.js"]);
  });

  test("are the build's when no source is newer, as `func start` takes it, if that is asked for", async () => {
    const main = "dist/src/functions/*.js";
    const folder = await folderWith({
      "dist/src/functions/a.js": "",
      "src/functions/a.ts": "",
      "src/shared.ts": "",
      "node_modules/x/new.ts": "",
    });
    const at = (file: string, seconds: number) => utimes(path.join(folder, file), seconds, seconds);
    await at("src/functions/a.ts", 100);
    await at("src/shared.ts", 100);
    await at("dist/src/functions/a.js", 200);
    expect(findEntry(folder, { main }, "when fresh")).toMatchObject({ glob: main, fromSources: false });
    expect(findEntry(folder, { main }, false).glob).toBe("src/functions/*.ts");
    // What a function imports counts as well.
    await at("src/shared.ts", 300);
    expect(findEntry(folder, { main }, "when fresh")).toMatchObject({
      glob: "src/functions/*.ts",
      fromSources: true,
    });
  });

  test("are missed with words that say what to do", async () => {
    const missed = (files: Record<string, string>, main?: string) =>
      folderWith(files).then((folder) => () => findEntry(folder, main === undefined ? {} : { main }, false));
    expect(() => readManifest("/no/such/folder")).toThrow("There is no folder /no/such/folder.");
    expect(await missed({})).toThrow("neither package.json nor index.js");
    expect(await missed({ "package.json": "{}" })).toThrow("(index.js, which stands for an absent one)");
    expect(await missed({ "package.json": "{}" }, "dist/*.js")).toThrow(
      expect.objectContaining({ code: "app_not_loaded", remedy: "Build the app first (npm run build)." }),
    );
  });
});

const hubJson = (name: string) =>
  `{ "version": "2.0", "extensions": { "durableTask": { "hubName": ${name} } } }`;

describe("host.json and local.settings.json", () => {
  test("may hold comments, and a setting overrides host.json as in Azure", async () => {
    const folder = await folderWith({
      "host.json":
        '{ // first\n "version": "2.0", "extensions": { "http": { "routePrefix": "/x//y/" }, /* hub */ "durableTask": { "hubName": "%HUB%" } } }',
      "local.settings.json":
        '{ "Values": { "HUB": "Blue", "N": 1 }, "Host": { "LocalHttpPort": 7099, "CORS": "https://a.example, https://b.example" } }',
    });
    expect(readHostConfig(folder, {})).toMatchObject({
      routePrefix: "x//y",
      taskHubName: "Blue",
      values: { HUB: "Blue", N: "1" },
      localPort: 7099,
      cors: ["https://a.example", "https://b.example"],
    });
    const env = { AzureFunctionsJobHost__extensions__http__routePrefix: "", HUB: "Red" };
    expect(readHostConfig(folder, env)).toMatchObject({ routePrefix: "", taskHubName: "Red" });
  });

  test("may be absent, and are refused with their name when they are broken or encrypted", async () => {
    expect(readHostConfig(await scratch(), {})).toMatchObject({ routePrefix: "api", values: {} });
    const broken = await folderWith({ "host.json": "{" });
    expect(() => readHostConfig(broken, {})).toThrow("host.json cannot be read");
    const encrypted = await folderWith({ "local.settings.json": '{"IsEncrypted":true}' });
    expect(() => readHostConfig(encrypted, {})).toThrow("encrypted");
  });

  test.each([
    ['{ "version": "3.0" }', 'version cannot be "3.0"'],
    ["{}", "host.json has no version"],
    [hubJson('"%HUB%"'), "needs the setting HUB, which is empty"],
    [hubJson('"my hub!"'), '"my hub!" cannot be a task hub\'s name'],
    [hubJson('"ab"'), '"ab" cannot be a task hub\'s name'],
  ])("are refused where Azure would: %s", async (text, reason) => {
    const folder = await folderWith({ "host.json": text });
    expect(() => readHostConfig(folder, {})).toThrow(
      expect.objectContaining({ code: "bad_host_config", message: expect.stringContaining(reason) }),
    );
  });

  test.each([
    [
      { versionMatchStrategy: "Sometimes" },
      "versionMatchStrategy",
      "Give one of None, Strict, CurrentOrOlder.",
    ],
    [{ versionFailureStrategy: "Stop" }, "versionFailureStrategy", "Give one of Reject, Fail."],
    [
      { maxConcurrentActivityFunctions: "lots" },
      "maxConcurrentActivityFunctions",
      "Give a number of at least 1.",
    ],
    [{ maxOrchestrationActions: 0 }, "maxOrchestrationActions", "Give a number of at least 1."],
    [
      { overridableExistingInstanceStates: "All" },
      "overridableExistingInstanceStates",
      "Give one of AnyState, NonRunningStates.",
    ],
    [
      { httpSettings: { defaultAsyncRequestSleepTimeMilliseconds: "soon" } },
      "httpSettings.defaultAsyncRequestSleepTimeMilliseconds",
      "Give a number of milliseconds.",
    ],
    [{ httpSettings: { useForwardedHost: "maybe" } }, "httpSettings.useForwardedHost", "Give true or false."],
    [{ maxConcurrentEntityFunctions: 0 }, "maxConcurrentEntityFunctions", "Give a number of at least 1."],
  ])("may not say %j of the Durable extension", (hostJson, member, remedy) => {
    expect(() => durableSettings(hostJson)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(member), remedy }),
    );
  });

  test("%SETTING% is filled in, and the first missing or empty one is named", () => {
    expect(resolveSettings("a-%X%-%Y%", { X: "1", Y: "2" })).toEqual({ ok: true, value: "a-1-2" });
    expect(resolveSettings("%X%-%Y%", { X: "1", Y: "" })).toMatchObject({ ok: false, setting: "Y" });
  });

  test("names are compared without case and may have blanks; a % without a second one is refused", () => {
    expect(resolveSettings("%cron%", { CRON: "1" })).toEqual({ ok: true, value: "1" });
    expect(resolveSettings("%a b%", { "a b": "1" })).toEqual({ ok: true, value: "1" });
    expect(resolveSettings("100%", {})).toMatchObject({ ok: false, reason: "has a % without a second one" });
    expect(resolveSettings("%%", {})).toMatchObject({ ok: false });
  });
});

describe("retry policies", () => {
  test("wait a fixed delay, or double it up to the most", () => {
    const fixed = { retryStrategy: "fixedDelay", delayInterval: { seconds: 7 } };
    expect([1, 2, 9].map((retry) => retryDelayMs(fixed, retry))).toEqual([7000, 7000, 7000]);
    const growing = {
      retryStrategy: "exponentialBackoff",
      minimumInterval: { seconds: 2 },
      maximumInterval: { seconds: 10 },
    };
    expect([1, 2, 3, 4, 99].map((retry) => retryDelayMs(growing, retry))).toEqual([
      2000, 4000, 8000, 10_000, 10_000,
    ]);
  });
});

describe("small files", () => {
  test("state survives and leaves no draft behind", async () => {
    const { state: file } = homeFiles(await scratch());
    openStateFile(file).set("a", { n: 1 });
    const again = openStateFile(file);
    expect(again.get("a")).toEqual({ n: 1 });
    expect(again.get("b")).toBeUndefined();
    expect(await readdir(path.dirname(file))).toEqual(["state.json"]);
  });

  test("one that is damaged is refused by its name, and left as it is", async () => {
    const folder = await folderWith({ "state.json": "garbage", "keys.json": "{" });
    const refused = (file: string) =>
      expect.objectContaining({ code: "host_file_unreadable", message: expect.stringContaining(file) });
    expect(() => openStateFile(`${folder}/state.json`)).toThrow(refused("state.json"));
    expect(() => openKeys(`${folder}/keys.json`)).toThrow(refused("keys.json"));
    expect(await readFile(`${folder}/state.json`, "utf8")).toBe("garbage");
  });

  test("a home that cannot be made is refused by its name", async () => {
    const folder = await folderWith({ home: "a file" });
    expect(() => claimHome(`${folder}/home`, { pid: 1, url: "http://127.0.0.1:1" })).toThrow(
      expect.objectContaining({ code: "home_unusable", message: expect.stringContaining("home") }),
    );
  });

  test("a home held by a dead process, or by a broken file, can be taken, and is let go once", async () => {
    const home = await scratch();
    const { holder } = homeFiles(home);
    await mkdir(path.dirname(holder), { recursive: true });
    for (const text of ['{"pid":2147483646,"url":"http://127.0.0.1:1"}', "{"]) {
      await writeFile(holder, text);
      expect(await findRunningHost(home)).toBeUndefined();
      const release = claimHome(home, { pid: process.pid, url: "http://127.0.0.1:1" });
      release();
      release();
      expect(await readdir(path.dirname(holder))).toEqual(["lock.sqlite"]);
    }
  });

  test("a home that is held cannot be taken again, whoever asks", async () => {
    const home = await scratch();
    const own = { pid: process.pid, url: "http://127.0.0.1:1" };
    const release = claimHome(home, own);
    expect(() => claimHome(home, own)).toThrow(expect.objectContaining({ code: "home_in_use" }));
    release();
    claimHome(home, own)();
  });
});

describe("the tracker", () => {
  test("is idle when everything that began has ended, also by failing", async () => {
    const tracker = new Tracker();
    const end = tracker.begin();
    const failing = tracker.track(async () => {
      throw new Error("x");
    });
    await expect(failing).rejects.toThrow("x");
    expect(tracker.running).toBe(1);
    end();
    end();
    await tracker.idle();
    expect(tracker.running).toBe(0);
  });
});
