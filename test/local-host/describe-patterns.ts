import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { LocalHost } from "../../src/local-host/local-host.ts";
import { PATTERNS } from "./patterns.ts";
import { appFolder, memoryLogger, scratch } from "./support.ts";

const json = async (response: Response) => (await response.json()) as Record<string, string>;

/** Starts every pattern through the app's own HTTP function and its Durable client, and looks at its end. */
export function describePatterns(folder: string): void {
  describe(`the patterns app ${folder}`, () => {
    let host: LocalHost;
    let home: string;
    const { logger, lines } = memoryLogger();
    beforeAll(async () => {
      home = await scratch();
      const clock = new VirtualClock();
      host = await LocalHost.start({ folder: appFolder(folder), home, clock, logger });
    });
    afterAll(async () => {
      await host.stop();
      await rm(home, { recursive: true, force: true });
    });

    const cases = PATTERNS.flatMap((pattern) => [1, 2].map((n) => ({ pattern, n })));

    test.each(
      cases.map((one) => ({
        ...one,
        title: `${one.pattern.name} ${one.pattern.version ?? ""} with ${one.n}`,
      })),
    )("runs $title to its expected end", async ({ pattern, n }) => {
      const query = pattern.version === undefined ? "" : `?version=${pattern.version}`;
      const started = await host.until(
        host.fetch(`/api/patterns/${pattern.name}${query}`, {
          method: "POST",
          body: JSON.stringify(pattern.input(n)),
        }),
      );
      expect(started.status).toBe(202);
      const urls = await json(started);
      const approval = pattern.approval?.(n);
      // What waits for nobody may be over already.
      const early = (await host.fetch(urls.statusQueryGetUri ?? "")).status;
      expect(approval === undefined ? [200, 202] : [202]).toContain(early);
      if (approval !== undefined) {
        const url = (urls.sendEventPostUri ?? "").replace("{eventName}", "approval");
        const headers = { "content-type": "application/json" };
        const raised = await host.fetch(url, { method: "POST", body: JSON.stringify(approval), headers });
        expect(raised.status).toBe(202);
      }
      await host.settle();
      const ended = await host.fetch(urls.statusQueryGetUri ?? "");
      expect(ended.status).toBe(200);
      expect(await ended.json()).toMatchObject({ runtimeStatus: "Completed", output: pattern.output(n) });
    });

    test("is warned of nothing", () => {
      expect(
        lines.filter((line) => /counts as another|not deterministic|will run for ever/.test(line)),
      ).toEqual([]);
    });
  });
}
