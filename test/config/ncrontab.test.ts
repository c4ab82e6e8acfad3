import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "@jest/globals";
import { ncrontab } from "../../src/config/ncrontab.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");

interface Row {
  readonly schedule: string;
  readonly accepted: boolean;
  /** How .NET read it: as NCRONTAB, or as a TimeSpan where it is none. */
  readonly kind?: "cron" | "interval";
}
const ROWS = JSON.parse(readFileSync(path.join(ROOT, "test/parity/dotnet/ncrontab.json"), "utf8")) as Row[];

const isTaken = (text: string) => {
  try {
    return ncrontab(text) === text;
  } catch {
    return false;
  }
};

describe("a schedule in a setting", () => {
  test("is taken exactly where Microsoft's timers read it as NCRONTAB, in every recorded row", () => {
    expect(ROWS.length).toBeGreaterThan(400);
    const differs = ROWS.filter(({ schedule, kind }) => isTaken(schedule) !== (kind === "cron"));
    expect(differs.map(({ schedule }) => schedule)).toEqual([]);
  });

  test("of the app's own timers would be taken, too", () => {
    const texts = readdirSync(path.join(ROOT, "functions")).flatMap((file) =>
      [...readFileSync(path.join(ROOT, "functions", file), "utf8").matchAll(/schedule: "([^"%]+)"/g)].map(
        (found) => found[1] as string,
      ),
    );
    expect(texts.length).toBeGreaterThan(0);
    expect(texts.filter((text) => !isTaken(text))).toEqual([]);
  });

  test.each([
    ["every day", "it has 2 fields, not 5 or 6"],
    ["60 * * * * *", "second must be from 0 to 59, not 60"],
    ["0 0 3 * * 7", "day of week must be from 0 to 6, not 7"],
    ["0 0 3 ? * *", 'day of month cannot be "?"'],
    ["0 */x * * * *", 'minute cannot be "*/x"'],
    ["00:05:00", "it has 1 field, not 5 or 6"],
  ])("%j is refused: %s", (text, reason) => {
    expect(() => ncrontab(text)).toThrow(`like 0 0 3 * * *: ${reason}`);
  });
});
