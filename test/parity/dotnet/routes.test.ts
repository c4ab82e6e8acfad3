import { describe, expect, test } from "@jest/globals";
import type { RegisteredFunction } from "../../../src/local-host/core-api/types.ts";
import { decodePath, requestPath } from "../../../src/local-host/http/request-path.ts";
import { compileRoute } from "../../../src/local-host/http/route-template.ts";
import { createRouter } from "../../../src/local-host/http/router.ts";
import { differing, rowsOf } from "./rows.ts";

interface One {
  readonly prefix: string;
  readonly template: string;
  readonly accepted: boolean;
  readonly path?: string;
  readonly match?: boolean;
  readonly values?: Readonly<Record<string, string>>;
}
interface Several {
  readonly prefix: string;
  readonly functions: readonly { name: string; template: string; methods?: string[] }[];
  readonly method: string;
  readonly path: string;
  readonly winner: string | null;
  readonly values?: Readonly<Record<string, string>>;
}

const ROWS = rowsOf<One | Several>("routes");
const SINGLE = ROWS.filter((row): row is One => "template" in row);
const SEVERAL = ROWS.filter((row): row is Several => "functions" in row);

const sorted = (values: Readonly<Record<string, string>> | undefined) =>
  Object.entries(values ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
const pathOf = (address = "") => decodePath(new URL(address, "http://localhost").pathname);

function compiled({ prefix, template }: One) {
  try {
    return compileRoute(`${prefix}/${template}`);
  } catch {
    return undefined;
  }
}

function httpFunction({ name, template, methods }: Several["functions"][number]): RegisteredFunction {
  const binding = {
    type: "httpTrigger",
    direction: "in",
    route: template,
    ...(methods && { methods }),
  } as const;
  return {
    id: name,
    metadata: { name, bindings: { trigger: binding } },
    callback: () => undefined,
    trigger: { name: "trigger", binding },
  };
}

describe("of the recorded routes", () => {
  test("the same templates are accepted", () => {
    const found = differing(
      SINGLE,
      ({ template }) => template,
      ({ accepted }) => accepted,
      (row) => compiled(row) !== undefined,
    );
    expect(found).toEqual([]);
  });

  test("each takes the same paths, with the same values", () => {
    const found = differing(
      SINGLE.filter(({ accepted }) => accepted),
      ({ template, path }) => `${template} | ${path}`,
      ({ match, values }) => [match, sorted(values)],
      (row) => {
        const values = compiled(row)?.match(requestPath(pathOf(row.path)));
        return [values !== undefined, sorted(values)];
      },
    );
    expect(found).toEqual([]);
  });

  test("of several functions the same one gets the request", () => {
    const found = differing(
      SEVERAL,
      ({ method, path, winner }) => `${method} ${path} ${winner}`,
      ({ winner, values }) => [winner, sorted(values)],
      ({ prefix, functions, method, path }) => {
        const taken = createRouter(functions.map(httpFunction), prefix).find(method, pathOf(path));
        return [taken?.route.fn.metadata.name ?? null, sorted(taken?.params)];
      },
    );
    expect(found).toEqual([]);
  });
});
