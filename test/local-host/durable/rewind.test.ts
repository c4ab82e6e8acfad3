import { describe, expect, test } from "@jest/globals";
import { RetryOptions } from "durable-functions";
import { type OrchestratorCode, testHost } from "./app.ts";

/** Three activities, of which `middle` fails until it is mended. */
const steps: OrchestratorCode = function* ({ df }) {
  const first = yield df.callActivity("count", "first");
  const middle = yield df.callActivity("middle", first);
  return yield df.callActivity("count", `last ${middle}`);
};

function breakable() {
  const state = { broken: true, calls: [] as string[] };
  const activities = {
    count: (name: string) => {
      state.calls.push(name);
      return name;
    },
    middle: () => {
      state.calls.push("middle");
      if (state.broken) throw new Error("out of order");
      return "mended";
    },
  };
  return { state, activities };
}

const fan: OrchestratorCode = function* ({ df }) {
  const branch = (name: string) => df.callActivity("count", name);
  return yield df.Task.all([branch("a"), df.callActivity("middle"), branch("b")]);
};

const caught: OrchestratorCode = function* ({ df }) {
  try {
    return yield df.callActivityWithRetry("middle", new RetryOptions(1000, 3));
  } catch (error) {
    yield df.callActivity("count", "cleaned up");
    throw error;
  }
};

const parent: OrchestratorCode = function* ({ df }) {
  return yield df.callSubOrchestrator("steps", null, "child");
};

describe("rewinding a failed orchestration", () => {
  test("repeats what failed and nothing that succeeded", async () => {
    const { state, activities } = breakable();
    await using host = await testHost({ orchestrators: { steps }, activities });
    expect((await host.run("steps", undefined, "s")).runtimeStatus).toBe("Failed");
    state.broken = false;
    expect((await host.call("POST", "instances/s/rewind?reason=mended")).status).toBe(202);
    await host.settle();
    expect(await host.status("s")).toMatchObject({ runtimeStatus: "Completed", output: "last mended" });
    expect(state.calls).toEqual(["first", "middle", "middle", "last mended"]);
  });

  test("keeps the branches of a fan-out that were well", async () => {
    const { state, activities } = breakable();
    await using host = await testHost({ orchestrators: { fan }, activities });
    await host.run("fan", undefined, "f");
    state.broken = false;
    await host.call("POST", "instances/f/rewind");
    await host.settle();
    expect((await host.status("f")).output).toEqual(["a", "mended", "b"]);
    expect(state.calls.toSorted()).toEqual(["a", "b", "middle", "middle"]);
  });

  test("takes retries and what a catch block did back, too", async () => {
    const { state, activities } = breakable();
    await using host = await testHost({ orchestrators: { caught }, activities });
    expect((await host.run("caught", undefined, "c")).runtimeStatus).toBe("Failed");
    state.broken = false;
    await host.call("POST", "instances/c/rewind");
    await host.settle();
    expect((await host.status("c")).output).toBe("mended");
    expect(state.calls).toEqual(["middle", "middle", "middle", "cleaned up", "middle"]);
  });

  test("goes down into failed children and comes up again", async () => {
    const { state, activities } = breakable();
    await using host = await testHost({ orchestrators: { parent, steps }, activities });
    await host.run("parent", undefined, "p");
    state.broken = false;
    await host.call("POST", "instances/p/rewind");
    await host.settle();
    expect((await host.status("child")).output).toBe("last mended");
    expect(await host.status("p")).toMatchObject({ runtimeStatus: "Completed", output: "last mended" });
  });

  test("fails again when nothing was mended", async () => {
    const { state, activities } = breakable();
    await using host = await testHost({ orchestrators: { steps }, activities });
    await host.run("steps", undefined, "s");
    await host.call("POST", "instances/s/rewind");
    await host.settle();
    expect((await host.status("s")).runtimeStatus).toBe("Failed");
    expect(state.calls).toEqual(["first", "middle", "middle"]);
  });

  test("is refused for an instance that is not there", async () => {
    await using host = await testHost({});
    expect((await host.call("POST", "instances/nobody/rewind")).status).toBe(404);
  });
});
