import { describe, expect, test } from "@jest/globals";
import { durableSettings } from "../../../src/local-host/durable/options.ts";
import { acceptsVersion, compareVersions } from "../../../src/local-host/durable/work/versions.ts";
import { atOnce, type OrchestratorCode, testHost } from "./app.ts";

const accepts = (versionMatchStrategy: string, version: string, defaultVersion = "2.0") =>
  acceptsVersion(durableSettings({ versionMatchStrategy, defaultVersion }), version);

describe("versions", () => {
  test.each([
    ["", "1.0", -1],
    ["1.0", "", 1],
    ["1.9", "1.10", -1],
    ["2.0", "2.0.0", -1],
    // One number alone is text to .NET.
    ["10", "9", -1],
    ["beta", "BETA", 0],
  ])("%p compared with %p is %p, as in .NET", (a, b, order) => {
    expect(compareVersions(a, b)).toBe(order);
  });

  test("are matched by host.json's strategy, with no version of its own the host is the oldest", () => {
    expect([accepts("CurrentOrOlder", "1.0"), accepts("CurrentOrOlder", "3.0")]).toEqual([true, false]);
    expect([accepts("Strict", "1.0"), accepts("Strict", "2.0"), accepts("Strict", "")]).toEqual([
      false,
      true,
      false,
    ]);
    expect([accepts("None", "3.0"), accepts("CurrentOrOlder", "3.0", "")]).toEqual([true, false]);
    expect([accepts("CurrentOrOlder", "", ""), accepts("Strict", "1.0", "")]).toEqual([true, false]);
  });
});

describe("an instance of a newer version", () => {
  const orchestrators = { quick: atOnce(({ df }) => df.version) };

  test("waits for a host of its version", async () => {
    await using host = await testHost({ orchestrators, options: { hostJson: { defaultVersion: "1.0" } } });
    await host.call("POST", "orchestrators/quick/q?version=2.0");
    await host.settle();
    expect((await host.status("q")).runtimeStatus).toBe("Pending");
    expect(host.log.some(({ line }) => line.includes("versionMatchStrategy"))).toBe(true);
    await host.call("POST", "instances/q/terminate?reason=never");
    await host.settle();
    expect((await host.status("q")).runtimeStatus).toBe("Terminated");
  });

  test("fails where host.json says so", async () => {
    const hostJson = { defaultVersion: "1.0", versionFailureStrategy: "Fail" };
    await using host = await testHost({ orchestrators, options: { hostJson } });
    await host.call("POST", "orchestrators/quick/q?version=2.0");
    await host.settle();
    expect(await host.status("q")).toMatchObject({
      runtimeStatus: "Failed",
      output: "VersionMismatch: Orchestration version did not comply with Worker Versioning",
    });
  });
});

const busy: OrchestratorCode = function* ({ df }) {
  for (let n = 0; n < 20; n++) yield df.callActivity("nothing", n);
  return "all";
};

describe("the limit on actions", () => {
  test("fails an orchestration that takes more, with the extension's words", async () => {
    await using host = await testHost({
      orchestrators: { busy },
      activities: { nothing: () => null },
      options: { hostJson: { maxOrchestrationActions: 10 } },
    });
    expect(await host.run("busy")).toMatchObject({
      runtimeStatus: "Failed",
      output:
        "Orchestrator function 'busy' failed: Maximum amount of orchestration actions (10) has been reached. " +
        "This value can be configured in host.json file as MaxOrchestrationActions.",
    });
  });
});
