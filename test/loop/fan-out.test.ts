import { describe, expect, it } from "@jest/globals";
import { FANNED_OUT, type FannedOut } from "../../src/loop/activities.ts";
import { fanOut } from "../../src/loop/steps.ts";
import { type OrchestratorCode, testHost } from "../local-host/durable/app.ts";

const EXITED = "node exited with code 137 (0x89)";
const MEMBERS = [0, 1, 2, 3, 4];

/** Fans out over five members, two at a time; member 1 ends as the engine says, `deaths` times. */
async function fan(name: FannedOut, deaths: number, defaultVersion = "3") {
  const calls = MEMBERS.map(() => 0);
  let deathsLeft = deaths;
  const activity = async ({ member }: { member: number }) => {
    calls[member] = (calls[member] ?? 0) + 1;
    // What an activity throws past its own settling is what the engine reports of a worker that is gone: `TaskFailed`.
    if (member === 1 && deathsLeft-- > 0) throw new Error(EXITED);
    // The others are still at work when that comes.
    await new Promise((resolve) => setImmediate(resolve));
    return { ok: true, value: member * 10 };
  };
  const fans: OrchestratorCode = function* (context) {
    return yield* fanOut(context, name, MEMBERS.map((member) => ({ member })) as never, { width: 2 });
  };
  await using host = await testHost({
    orchestrators: { fans },
    activities: { [name]: activity },
    options: { hostJson: { defaultVersion } },
  });
  const from = host.clock.now();
  const { runtimeStatus, output } = await host.run("fans");
  return { runtimeStatus, output, calls, seconds: (host.clock.now() - from) / 1000 };
}

describe.each(FANNED_OUT)("a worker that dies under %s", (name) => {
  it("costs that member a pause and another call, and the others nothing", async () => {
    expect(await fan(name, 2)).toEqual({
      runtimeStatus: "Completed",
      output: [0, 10, 20, 30, 40],
      calls: [1, 3, 1, 1, 1],
      seconds: 3,
    });
  });

  it("each time ends the work after as many attempts as a step has, and the text names the death", async () => {
    const { runtimeStatus, output, calls } = await fan(name, Number.POSITIVE_INFINITY);
    expect({ runtimeStatus, calls }).toEqual({ runtimeStatus: "Failed", calls: [1, 17, 1, 1, 1] });
    expect(output).toContain(`the worker process ended while ${name} ran (${EXITED})`);
  });

  it("ends instances of version 2 as a whole, as they began", async () => {
    expect(await fan(name, 1, "2")).toMatchObject({ runtimeStatus: "Failed", calls: [1, 1, 0, 0, 0] });
  });
});
