import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import { createApp } from "../../src/app.ts";
import { readSettings } from "../../src/config/settings.ts";
import { ROLES } from "../../src/doors/operation.ts";
import { createAccess } from "../../src/identity/access.ts";
import { readPrincipal } from "../../src/identity/principal.ts";
import { grantsReach, readAppRole, readGroupGrants, showGrant } from "../../src/identity/roles.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { createLogger } from "../../src/kernel/logger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { keyHeader } from "../../src/sdk/client.ts";
import { connect } from "../../src/sdk/connect.ts";
import { AZURE, knock, principal } from "./people.ts";

const access = (env: Record<string, string> = {}) =>
  createAccess(readSettings({ ...AZURE, WEBSITE_AUTH_ENABLED: "True", LIGHTNING_AUTH: "entra", ...env }));

describe("roles", () => {
  it("are read from app roles, for one agent or for all, and from nothing else", () => {
    expect(readAppRole("lightning.trainer")).toEqual({ role: "trainer" });
    expect(readAppRole("lightning.releaser:support")).toEqual({ role: "releaser", agentId: "support" });
    for (const other of ["trainer", "Lightning.trainer", "lightning.admin", "lightning.owner:", "lightning."])
      expect(readAppRole(other)).toBeUndefined();
  });

  it("of groups stand in one setting, and a fault in it stops the start", () => {
    const grants = readGroupGrants("G-1=reader, g-2=trainer:support,G-1=labeller");
    expect([...(grants ?? [])].map(([group, each]) => [group, each.map(showGrant)])).toEqual([
      ["g-1", ["reader", "labeller"]],
      ["g-2", ["trainer:support"]],
    ]);
    for (const wrong of ["g-1", "g-1=boss", "=reader", "g-1=reader,,"])
      expect(() => readSettings({ LIGHTNING_ROLE_GROUPS: wrong })).toThrow(/LIGHTNING_ROLE_GROUPS/);
    expect(
      readSettings({ LIGHTNING_ROLE_GROUPS: "g-1=reader, g-2=trainer:support" }).roleGroups,
    ).toBeDefined();
  });

  it("include the lesser ones, and one agent's say nothing about another's", () => {
    const grant = fc.record({
      role: fc.constantFrom(...ROLES),
      agentId: fc.option(fc.constantFrom("a", "b"), { nil: undefined }),
    });
    fc.assert(
      fc.property(
        fc.array(grant, { maxLength: 4 }),
        fc.constantFrom(...ROLES),
        fc.constantFrom("a", "b"),
        (grants, role, agent) => {
          const strongest = Math.max(
            -1,
            ...grants
              .filter(({ agentId }) => agentId === undefined || agentId === agent)
              .map((one) => ROLES.indexOf(one.role)),
          );
          expect(grantsReach(grants, role, agent)).toBe(strongest >= ROLES.indexOf(role));
          // What holds for every agent holds for each.
          if (grantsReach(grants, role)) expect(grantsReach(grants, role, agent)).toBe(true);
        },
      ),
    );
  });
});

describe("who calls", () => {
  it("on a laptop is somebody with every right, whatever a header claims", () => {
    const caller = createAccess(readSettings({})).callerOf(knock({ roles: ["lightning.reader"] }));
    expect([caller.kind, caller.person, caller.may("owner")]).toEqual(["local", undefined, true]);
  });

  it("in Azure without App Service Authentication is whoever holds a key: the header is anybody's there", () => {
    const caller = createAccess(readSettings(AZURE)).callerOf(knock({ roles: ["lightning.reader"] }));
    expect([caller.kind, caller.person, caller.may("owner")]).toEqual(["key", undefined, true]);
  });

  it("by a key is an owner of everything, which the app says at every start in Azure and nowhere else", () => {
    const said = (env: Record<string, string>) => {
      const lines: string[] = [];
      const { provider, files } = { provider: {} as never, files: {} as never };
      const ledger = openSqliteLedger({ file: ":memory:", clock: new VirtualClock() });
      const logger = createLogger((line) => lines.push(line));
      void createApp({ settings: readSettings(env), logger, ledger, provider, files }).close();
      return lines.filter((line) => /is an owner of every agent/.test(line)).length;
    };
    expect(said(AZURE)).toBe(1);
    expect(said({ ...AZURE, WEBSITE_AUTH_ENABLED: "true" })).toBe(1);
    expect(said({ ...AZURE, WEBSITE_AUTH_ENABLED: "true", LIGHTNING_AUTH: "entra" })).toBe(0);
    expect(said({})).toBe(0);
  });

  it("with it is the signed-in person, with the roles of the token and of the groups", () => {
    const caller = access({ LIGHTNING_ROLE_GROUPS: "6f1e=releaser:support" }).callerOf(
      knock({ name: "ada@example.com", roles: ["lightning.reader", "Other.Thing"], groups: ["6F1E"] }),
    );
    expect([caller.kind, caller.person, caller.roles]).toEqual([
      "person",
      "ada@example.com",
      ["reader", "releaser:support"],
    ]);
    expect(caller.may("releaser", "support")).toBe(true);
    expect(caller.may("labeller", "billing")).toBe(false);
    expect(caller.may("releaser")).toBe(false);
    expect(caller.mayAnywhere("releaser")).toBe(true);
  });

  it("is refused when persons alone are let in and nobody is signed in", () => {
    for (const headers of [new Headers(), new Headers({ "x-ms-client-principal": "%%%" })])
      expect(() => access().callerOf({ headers })).toThrow(
        expect.objectContaining({ code: "sign_in_needed", status: 401 }),
      );
    // Beside keys, App Service Authentication only adds names.
    expect(access({ LIGHTNING_AUTH: "key" }).callerOf({ headers: new Headers() }).kind).toBe("key");
  });

  it("has no role unless one is granted, or the app gives one to everybody", () => {
    expect(access().callerOf(knock({})).mayAnywhere("reader")).toBe(false);
    const everybody = access({ LIGHTNING_DEFAULT_ROLE: "reader" }).callerOf(knock({}));
    expect([everybody.may("reader"), everybody.may("labeller")]).toEqual([true, false]);
  });

  it("cannot be made to change something by a page of another site", () => {
    const { headers } = knock({ roles: ["lightning.owner"] });
    headers.set("sec-fetch-site", "cross-site");
    expect(() => access().callerOf({ method: "POST", headers })).toThrow(
      expect.objectContaining({ code: "cross_site_request", status: 403 }),
    );
    headers.set("sec-fetch-site", "same-origin");
    expect(access().callerOf({ method: "POST", headers }).may("owner")).toBe(true);
  });

  it("entra is refused where nothing vouches for the person", () => {
    expect(() => readSettings({ LIGHTNING_AUTH: "entra" })).toThrow(/App Service Authentication/);
    expect(() => readSettings({ ...AZURE, LIGHTNING_AUTH: "entra" })).toThrow(/App Service Authentication/);
  });
});

const readHeader = (value: object) =>
  readPrincipal(
    new Headers({ "x-ms-client-principal": Buffer.from(JSON.stringify(value)).toString("base64") }),
  );

describe("the command line and the SDK", () => {
  it("show a key, a token or both to LIGHTNING_ENDPOINT, and a token to no local host", async () => {
    const settings = readSettings({ LIGHTNING_ENDPOINT: "https://a.example", LIGHTNING_TOKEN: "t" });
    const findHost = async () => ({ url: "http://127.0.0.1:7071" });
    expect(keyHeader(await connect({ settings, findHost }))).toEqual({ authorization: "Bearer t" });
    const local = readSettings({ LIGHTNING_TOKEN: "t", LIGHTNING_FUNCTION_KEY: "k" });
    expect(keyHeader(await connect({ settings: local, findHost }))).toEqual({ "x-functions-key": "k" });
  });
});

describe("the principal's header", () => {
  it("names somebody by the claim it says it does, else by the usual ones, an application by its id", () => {
    expect(
      readHeader({
        name_typ: "n",
        claims: [
          { typ: "n", val: "Ada" },
          { typ: "email", val: "e" },
        ],
      })?.name,
    ).toBe("Ada");
    expect(
      readHeader({
        claims: [
          { typ: "oid", val: "1" },
          { typ: "email", val: "e@example.com" },
        ],
      })?.name,
    ).toBe("e@example.com");
    expect(readHeader({ claims: [{ typ: "appid", val: "app-1" }] })?.name).toBe("app-1");
    expect(readHeader({ role_typ: "r", claims: [{ typ: "r", val: "lightning.owner" }] })?.roles).toEqual([
      "lightning.owner",
    ]);
    expect(readHeader({ claims: [{ typ: "hasgroups", val: "true" }] })?.groupsLeftOut).toBe(true);
  });

  it("tells somebody apart by the object id, whatever claim the name is from", () => {
    const oid = "0F3C1A2B-1111-4222-8333-444455556666";
    const long = "http://schemas.microsoft.com/identity/claims/objectidentifier";
    for (const typ of ["oid", long])
      expect(
        readHeader({
          claims: [
            { typ, val: oid },
            { typ: "name", val: "Ada" },
          ],
        }),
      ).toMatchObject({ name: "Ada", id: oid.toLowerCase() });
    expect(readHeader({ claims: [{ typ: "oid", val: oid }] })?.name).toBe(oid);
    expect(readHeader({ claims: [{ typ: "email", val: "a@example.com" }] })?.id).toBeUndefined();
    const caller = access().callerOf(knock({ name: "Ada", oid }));
    expect(caller.person).toBe(`Ada (${oid.toLowerCase()})`);
  });

  it("never throws, whatever stands in it", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((text) => Buffer.from(text).toString("base64")),
        ),
        (text) => {
          readPrincipal({ get: () => text });
        },
      ),
    );
    expect(principal({ name: "x" })).not.toBe("");
  });
});
