import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import { type Operation, parseInput } from "../../src/doors/operation.ts";
import { type Field, inputFields } from "../../src/surfaces/fields.ts";
import { cliAgainst } from "./cli-harness.ts";
import { loopback } from "./loopback.ts";

const rows = operationRows(readSettings({}));

/** A field of a row's input, as the table has it. */
interface Place {
  readonly row: Operation;
  readonly path: readonly string[];
}

/** An input with a value at a path, upon the row's own example. */
function inputOf({ row, path }: Place, value: unknown): Record<string, unknown> {
  const input: Record<string, unknown> = structuredClone({ ...row.example });
  let at = input;
  for (const name of path.slice(0, -1)) {
    at[name] = { ...(at[name] as object | undefined) };
    at = at[name] as Record<string, unknown>;
  }
  at[path.at(-1) ?? ""] = value;
  return input;
}
const valueAt = (input: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], input);
const read = (place: Place, value: unknown) =>
  valueAt(parseInput(place.row, inputOf(place, value)), place.path);
const refused = (place: Place, value: unknown) => {
  try {
    parseInput(place.row, inputOf(place, value));
  } catch (thrown) {
    return thrown as { code: string; field?: string; message: string };
  }
  return undefined;
};

const textPlaces: Place[] = rows.flatMap((row) => {
  const visit = (fields: readonly Field[], path: readonly string[]): Place[] =>
    fields.flatMap((field): Place[] =>
      field.fields === undefined
        ? field.kinds.has("string") && field.choices === undefined
          ? [{ row, path: [...path, field.name] }]
          : []
        : visit(field.fields, [...path, field.name]),
    );
  return visit(inputFields(row), []);
});
/** What takes a time and refuses other words. */
const places = textPlaces.filter(
  (place) =>
    refused(place, "2026-06-01T10:00:00Z") === undefined &&
    refused(place, "soon") !== undefined &&
    refused(place, "a1") !== undefined,
);
const nameOf = ({ row, path }: Place) => `${row.name} ${path.join(".")}`;
const table = places.map((place) => [nameOf(place), place] as const);
const isEnd = ({ path }: Place) => path.at(-1) === "end_date";

const NO_TIMES = [
  "2026-02-30",
  "2026-02-30T10:00:00Z",
  "2025-02-29",
  "1900-02-29T00:00:00Z",
  "2026-04-31T00:00:00Z",
  "2026-13-01",
  "2026-00-10",
  "2026-06-00",
  "2026-06-01 (hello)",
  "2026-06-01 10:00 PST",
  "2026-06-01T10:00:00 PST",
  "2026-06-01T10:00",
  "2026-06-01T10:00:00",
  "2026-06-01T10:00Z",
  "2026-06-01T10:00:00.Z",
  "2026-06-01T24:00:00Z",
  "2026-06-01T10:60:00Z",
  "2026-06-01T10:00:61Z",
  "2026-06-30T23:59:60Z",
  "2026-06-01T10:00:00+24:00",
  "2026-06-01T10:00:00+02:60",
  "2026-06-01T10:00:00+0200",
  "2026-06-01Z",
  "2026-6-1",
  "20260601",
  "2026-06",
  "+002026-06-01T10:00:00Z",
  "2026-W23-1",
  "0000-01-01",
  "0001-01-01T00:00:00Z",
  "1969-12-31T23:59:59Z",
  "1970-01-01T00:00:00+01:00",
  "9999-12-31T23:59:59Z",
  "9999-12-31T23:59:59-01:00",
  " 2026-06-01",
  "2026-06-01\n",
  "٢٠٢٦-06-01",
  "1748772000",
  "now",
  "",
];

describe("a time on any door", () => {
  test("every field of the table that is called like a time is one", () => {
    // The signed manifest of an answer is compared word by word as it was made.
    const isSigned = ({ path }: Place) => path.includes("manifest");
    const called = textPlaces.filter(
      (place) =>
        !isSigned(place) &&
        /(_date|_at|_after|_before|_since|_until|^since|^until)$/.test(place.path.at(-1) ?? ""),
    );
    expect(places.map(nameOf).toSorted()).toEqual(called.map(nameOf).toSorted());
    expect(places.map(nameOf)).toEqual(
      expect.arrayContaining([
        "listEpisodes end_date",
        "listAudit start_date",
        "buildDataset test_after",
        "runPipeline dataset.end_date",
        "recordEpisodes created_at",
      ]),
    );
  });

  test.each(table)(
    "%s: what is no real time with its zone is refused by field, reason and remedy",
    (_name, place) => {
      for (const text of NO_TIMES) {
        const error = refused(place, text);
        expect([text, error?.code, error?.field]).toEqual([text, "invalid_input", place.path.join(".")]);
        expect(error?.message).toMatch(/write it like 2026-06-01|give second 59|leave it out/);
      }
      for (const value of [1_748_772_000_000, true, {}, ["2026-06-01"]])
        expect(refused(place, value)?.code).toBe("invalid_input");
    },
  );

  test.each(table)("%s: every instant is read as itself, in whatever zone it is written", (_name, place) => {
    const instants = fc.date({
      min: new Date("1970-01-02T00:00:00Z"),
      max: new Date("2199-12-30T00:00:00Z"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(instants, fc.integer({ min: -23 * 60 - 59, max: 23 * 60 + 59 }), (instant, offset) => {
        const local = new Date(instant.getTime() + offset * 60_000).toISOString().slice(0, -1);
        const [hours, minutes] = [Math.trunc(Math.abs(offset) / 60), Math.abs(offset) % 60].map((part) =>
          String(part).padStart(2, "0"),
        );
        expect(read(place, `${local}${offset < 0 ? "-" : "+"}${hours}:${minutes}`)).toBe(
          instant.toISOString(),
        );
      }),
      { numRuns: 50 },
    );
  });

  test.each(table)(
    "%s: a day is a whole day of UTC, and only days of the calendar are days",
    (_name, place) => {
      const part = (min: number, max: number) =>
        fc.integer({ min, max }).map((value) => String(value).padStart(2, "0"));
      fc.assert(
        fc.property(fc.integer({ min: 1970, max: 2199 }), part(1, 12), part(1, 31), (year, month, day) => {
          const text = `${year}-${month}-${day}`;
          const isReal = new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);
          if (isReal)
            expect(read(place, text)).toBe(isEnd(place) ? `${text}T23:59:59.999Z` : `${text}T00:00:00.000Z`);
          else expect(refused(place, text)?.field).toBe(place.path.join("."));
        }),
        { numRuns: 100 },
      );
    },
  );

  test.each(table.filter(([, place]) => isEnd(place)))(
    "%s: an end before the start is refused, a single day is not",
    (_name, place) => {
      const start = [...place.path.slice(0, -1), "start_date"];
      const both = (from: string, until: string) => {
        const input = inputOf(place, until);
        (valueAt(input, start.slice(0, -1)) as Record<string, unknown>).start_date = from;
        return () => parseInput(place.row, input);
      };
      expect(both("2026-06-04", "2026-06-03")).toThrow(
        expect.objectContaining({
          code: "dates_reversed",
          status: 422,
          field: start.join("."),
          remedy: expect.any(String),
        }),
      );
      expect(both("2026-06-03T23:00:00+02:00", "2026-06-03T20:59:59Z")).toThrow(
        expect.objectContaining({ code: "dates_reversed" }),
      );
      expect(both("2026-06-03", "2026-06-03")).not.toThrow();
    },
  );

  test("what an agent calls start_date and end_date in its own metadata is no period", () => {
    const record = rows.find(({ name }) => name === "recordEpisodes");
    expect(() =>
      parseInput(record as Operation, {
        user_input: "a",
        assistant_output: "b",
        metadata: { start_date: "b", end_date: "a" },
      }),
    ).not.toThrow();
  });
});

describe("through the doors themselves", () => {
  let door: Awaited<ReturnType<typeof loopback>>;
  beforeAll(async () => {
    door = await loopback(rows);
  });
  afterAll(() => door.stop());

  test.each([
    ["listEpisodes", "end_date"],
    ["listAudit", "start_date"],
    ["buildDataset", "test_after"],
  ])("REST, MCP and the command line refuse the 30th of February: %s, %s", async (name, field) => {
    const row = rows.find((one) => one.name === name) as Operation;
    const input = inputOf({ row, path: [field] }, "2026-02-30");
    const isGet = row.rest.method === "GET";
    const query = isGet
      ? `?${new URLSearchParams(Object.entries(input).map(([key, value]): [string, string] => [key, String(value)])).toString()}`
      : "";
    const response = await fetch(
      `${door.url}/api/lightning${row.rest.path}${query}`,
      isGet
        ? {}
        : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(input) },
    );
    expect([response.status, await response.json()]).toEqual([
      422,
      {
        error: expect.objectContaining({
          code: "invalid_input",
          field,
          message: expect.stringContaining("no calendar has"),
        }),
      },
    ]);
    const rpc = await fetch(`${door.url}/api/mcp`, {
      method: "POST",
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: "1",
        method: "tools/call",
        params: { name: row.mcp?.[0], arguments: input },
      }),
    });
    const { result } = (await rpc.json()) as { result: { isError: boolean; content: { text: string }[] } };
    expect(result.content[0]?.text).toContain(`Code: invalid_input\nField: ${field}`);
    const option = `--${field.replaceAll("_", "-")}`;
    const run = await cliAgainst(rows, door.url)(
      ...(row.cli ?? "").split(" "),
      ...(name === "buildDataset" ? ["--name", "v1"] : []),
      option,
      "2026-02-30",
    );
    expect([run.code, run.err]).toEqual([2, expect.stringContaining(`Option: ${option}`)]);
  });
});
