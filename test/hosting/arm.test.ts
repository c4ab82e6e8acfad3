import { afterEach, describe, expect, it } from "@jest/globals";
import { readSettings } from "../../src/config/settings.ts";
import { armHostingFromSettings } from "../../src/hosting/arm/hosting.ts";
import type { Hosting, HostProgress } from "../../src/hosting/hosting.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { isLightningError } from "../../src/kernel/errors.ts";
import { type FakeAzure, startFakeAzure } from "../fakes/azure/server.ts";

const REQUEST = {
  name: "mcp-agents-1",
  model: "gpt-4.1-mini-2025-04-14.ft-0123456789abcdef0123456789abcdef",
  format: "OpenAI",
  sku: "GlobalStandard",
  capacity: 50,
};
const WRITE = "403 permission_missing";

let azure: FakeAzure;
afterEach(() => azure.close());

async function world(): Promise<{ hosting: Hosting; clock: VirtualClock }> {
  const clock = new VirtualClock();
  azure = await startFakeAzure({ clock });
  const hosting = armHostingFromSettings(readSettings(azure.env), azure.credential);
  if (hosting === undefined) throw new Error("the settings name no account");
  return { hosting, clock };
}
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "no error",
    (thrown: unknown) => (isLightningError(thrown) ? `${thrown.status} ${thrown.code}` : String(thrown)),
  );
const operationOf = (progress: HostProgress) => (progress.kind === "making" ? progress.operation : undefined);

describe("a deployment through Azure Resource Manager", () => {
  it.each(["async", "location", "body"] as const)("is begun, looked at and made (%s)", async (style) => {
    const { hosting, clock } = await world();
    azure.arm.knobs.style = style;
    const begun = await hosting.begin(REQUEST);
    expect(begun.kind).toBe("making");
    expect((operationOf(begun) ?? "").length).toBeLessThan(4000);
    expect((await hosting.look(REQUEST, operationOf(begun))).kind).toBe("making");
    clock.advance(100_000);
    expect(await hosting.look(REQUEST, operationOf(begun))).toEqual({
      kind: "made",
      hosted: expect.objectContaining({ name: REQUEST.name, model: REQUEST.model, capacity: 50 }),
    });
    expect(azure.arm.made).toEqual([REQUEST.name]);
  });

  it("is not made again when it is asked for again, under way or made", async () => {
    const { hosting, clock } = await world();
    await hosting.begin(REQUEST);
    await hosting.begin(REQUEST);
    clock.advance(100_000);
    expect((await hosting.begin(REQUEST)).kind).toBe("made");
    expect(azure.arm.made).toEqual([REQUEST.name]);
  });

  it("that fails while it is made says why, as its operation does", async () => {
    const { hosting, clock } = await world();
    azure.arm.knobs.outcomes.push(
      { state: "Failed", code: "InternalError", message: "Failed to load LoRA." },
      {
        state: "Failed",
        code: "InsufficientQuota",
        message: "This operation require 50 new capacity in quota.",
      },
    );
    const first = await hosting.begin(REQUEST);
    clock.advance(100_000);
    expect(await hosting.look(REQUEST, operationOf(first))).toMatchObject({
      kind: "failed",
      code: "provisioning_failed",
      message: expect.stringContaining("LoRA"),
    });
    const second = await hosting.begin(REQUEST);
    clock.advance(100_000);
    expect(await hosting.look(REQUEST, operationOf(second))).toMatchObject({
      kind: "failed",
      code: "deployment_quota",
    });
  });

  it("whose operation Azure has forgotten is known by its own state", async () => {
    const { hosting, clock } = await world();
    azure.arm.knobs.outcomes.push({ state: "Failed", code: "InternalError", message: "no" });
    const begun = await hosting.begin(REQUEST);
    clock.advance(100_000);
    azure.faults.push({ on: /operationResults/, with: 404 });
    expect(await hosting.look(REQUEST, operationOf(begun))).toMatchObject({
      kind: "failed",
      code: "provisioning_failed",
    });
  });

  it("that is not there is absent; one that is removed is going, then absent, and removing it again is fine", async () => {
    const { hosting, clock } = await world();
    expect(await hosting.look(REQUEST)).toEqual({ kind: "absent" });
    await hosting.begin(REQUEST);
    clock.advance(100_000);
    await hosting.remove(REQUEST.name);
    expect(await hosting.look(REQUEST)).toEqual({ kind: "removing" });
    await hosting.remove(REQUEST.name);
    clock.advance(20_000);
    expect(await hosting.read(REQUEST.name)).toBeUndefined();
    await hosting.remove(REQUEST.name);
  });

  it("is listed with its model and its age", async () => {
    const { hosting, clock } = await world();
    await hosting.begin(REQUEST);
    const found = [];
    for await (const one of hosting.list()) found.push(one);
    expect(found).toEqual([
      expect.objectContaining({ name: REQUEST.name, state: "Creating", createdAt: clock.now() }),
    ]);
  });
});

describe("what Azure Resource Manager refuses", () => {
  it("for want of a right names the role", async () => {
    const { hosting } = await world();
    azure.arm.knobs.readOnly = true;
    await expect(hosting.begin(REQUEST)).rejects.toMatchObject({
      status: 403,
      code: "permission_missing",
      remedy: expect.stringContaining("Cognitive Services Contributor"),
    });
    expect(await codeOf(hosting.remove("x"))).toBe(WRITE);
  });

  const refusals = [
    [
      { status: 400, code: "InsufficientQuota", message: "This operation require 50 new capacity." },
      "409 deployment_quota",
    ],
    [
      { status: 400, code: "BadRequest", message: "The maximum number of deployments was reached." },
      "409 deployment_quota",
    ],
    [
      { status: 400, code: "InvalidResourceProperties", message: "The model is not supported." },
      "422 hosting_rejected",
    ],
    [
      { status: 409, code: "RequestConflict", message: "Another operation is being performed." },
      "503 hosting_busy",
    ],
    [{ status: 429, code: "TooManyRequests", message: "Slow down." }, "503 hosting_busy"],
    [{ status: 500, code: "InternalServerError", message: "" }, "503 hosting_unavailable"],
  ] as const;
  it.each(refusals)("%j is told as %s", async (outcome, code) => {
    const { hosting } = await world();
    azure.arm.knobs.outcomes.push(outcome);
    expect(await codeOf(hosting.begin(REQUEST))).toBe(code);
  });

  it("by dropping the connection is unavailable, and asking again makes one deployment", async () => {
    const { hosting } = await world();
    azure.faults.push({ on: /^PUT/, with: "drop", applied: true });
    expect(await codeOf(hosting.begin(REQUEST))).toBe("503 hosting_unreachable");
    expect((await hosting.look(REQUEST)).kind).toBe("making");
    expect((await hosting.begin(REQUEST)).kind).toBe("making");
    expect(azure.arm.made).toEqual([REQUEST.name]);
  });

  it("because the account is not there names the settings", async () => {
    const { clock: _clock } = await world();
    const elsewhere = armHostingFromSettings(
      readSettings({ ...azure.env, AZURE_RESOURCE_GROUP: "rg-other" }),
      azure.credential,
    );
    expect(await codeOf((elsewhere as Hosting).read("x"))).toBe("404 hosting_account_missing");
  });
});

describe("the settings", () => {
  it("that name no account leave promotion without deployments of its own", async () => {
    await world();
    expect(armHostingFromSettings(readSettings({}))).toBeUndefined();
    expect(armHostingFromSettings(readSettings({ AZURE_SUBSCRIPTION_ID: "s" }))).toBeUndefined();
    expect(() => readSettings({ AZURE_OPENAI_ACCOUNT: "a" })).toThrow(
      /AZURE_SUBSCRIPTION_ID[\s\S]*AZURE_RESOURCE_GROUP/,
    );
  });
});
