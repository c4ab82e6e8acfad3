import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { VirtualClock } from "../../../src/kernel/clock.ts";
import { silentLogger } from "../../../src/kernel/logger.ts";
import { homeFiles } from "../../../src/local-host/find-host.ts";
import { LocalHost } from "../../../src/local-host/local-host.ts";
import { appFolder, notes, scratch } from "../../local-host/support.ts";
import { rowsOf } from "./rows.ts";

interface Status {
  readonly Last: string;
  readonly Next: string;
  readonly LastUpdated: string;
}
interface Row {
  readonly case: string;
  readonly schedule: string;
  readonly now: string;
  readonly status: Status | null;
  readonly pastDueMs: number;
  readonly then: Status;
}

const KEY = "timer:optional";
const toSeconds = (status: Status) =>
  Object.fromEntries(Object.entries(status).map(([name, time]) => [name, String(time).slice(0, 19)]));

let host: LocalHost | undefined;
afterEach(async () => {
  await host?.stop();
  host = undefined;
  delete notes.fixtureSeen?.optional;
});

/** A host that finds `status` of its timer in its home. */
async function startAt({ schedule, now, status }: Row) {
  const home = await scratch();
  const file = homeFiles(home).state;
  await mkdir(path.dirname(file), { recursive: true });
  if (status !== null) await writeFile(file, JSON.stringify({ [KEY]: status }));
  const clock = new VirtualClock(now);
  host = await LocalHost.start({
    folder: appFolder("esm-app"),
    home,
    clock,
    logger: silentLogger,
    env: { FIXTURE_CRON: schedule, FIXTURE_THINGS: "things" },
  });
  const kept = () => (JSON.parse(readFileSync(file, "utf8")) as Record<string, Status>)[KEY] as Status;
  return { host, clock, kept };
}

const calls = () => (notes.fixtureSeen?.optional ?? []).map(({ value }) => value);

describe("a timer that finds a kept status", () => {
  test.each(rowsOf<Row>("past-due").map((row) => [row.case, row] as const))(
    "%s: as ScheduleMonitor.CheckPastDueAsync",
    async (_case, row) => {
      const started = await startAt(row);
      if (row.pastDueMs > 0) {
        await started.host.settle();
        expect(calls()).toMatchObject([{ isPastDue: true }]);
        expect(started.clock.now()).toBe(Date.parse(row.now));
        return;
      }
      expect(toSeconds(started.kept())).toEqual(row.then);
      await started.host.settle();
      expect(calls()).toEqual([]);
      const due = row.then.Next.startsWith("9999") ? undefined : Date.parse(`${row.then.Next}Z`);
      expect(Math.floor((started.host.nextRun("optional") ?? Number.NaN) / 1000) * 1000).toBe(
        due ?? Number.NaN,
      );
      if (row.then.Next.startsWith("9999")) {
        const week = started.clock.now() + 7 * 86_400_000;
        await started.host.until(() => started.clock.now() >= week);
        expect(calls()).toEqual([]);
      } else {
        await started.host.until(() => calls().length > 0);
        expect(new Date(started.clock.now()).toISOString().slice(0, 19)).toBe(row.then.Next);
        expect(calls()).toMatchObject([{ isPastDue: false }]);
      }
    },
  );
});
