import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { requestPath } from "../../src/local-host/http/request-path.ts";
import { isParameter } from "../../src/local-host/http/route-parser.ts";
import type { HttpRoute } from "../../src/local-host/http/router.ts";
import { openWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** A path that is meant for a route, with values that no route has as words. */
const pathFor = ({ template }: HttpRoute) =>
  template.segments
    .map(([part]) => (isParameter(part) ? (part.catchAll ? "some/file" : "some-value") : part))
    .join("/");

describe("the routes of the app, tried in the order of the functions' names", () => {
  test("reach every function, with every value", () => {
    const { routes, find } = world.host.router;
    expect(routes.length).toBeGreaterThan(60);
    for (const route of routes)
      for (const method of route.methods) {
        const path = pathFor(route);
        const found = find(method, path);
        expect([path, found?.route.fn.metadata.name]).toEqual([path, route.fn.metadata.name]);
        expect(found?.params).toEqual(route.template.match(requestPath(path)));
      }
  });

  test("keep nothing from a function that is more specific, and none is off", () => {
    const { shadowed, off } = world.host.plan;
    expect(shadowed.map(({ route, by }) => `${by.template.text} before ${route.template.text}`)).toEqual([]);
    expect(off.filter(({ fn }) => /^http/i.test(fn.trigger.binding.type))).toEqual([]);
  });

  test("lead an episode's lineage to its trace, and a record's to its own", async () => {
    const trace = await world.call("GET", "/lineage/episodes/ep-nobody");
    expect(trace.body.error.message).toContain("episode");
    const lineage = await world.call("GET", "/lineage/runs/run-nobody");
    expect(lineage.body.error.message).not.toContain("episode");
    const unknown = await world.call("GET", "/lineage/dreams/run-nobody");
    expect([unknown.status, unknown.body.error.code]).toEqual([422, "invalid_input"]);
  });
});
