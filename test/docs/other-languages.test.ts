import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { openWorld, type World } from "../scenarios/world.ts";

const page = readFileSync(path.join(import.meta.dirname, "../../docs/capture.md"), "utf8");
const blockNamed = (file: string): string =>
  page
    .split("```")
    .find((part) => part.includes(`\n# file: ${file}\n`))
    ?.replace(/^\w+\n/, "") ?? "";
const run = promisify(execFile);

let world: World;
let url = "";
/** The app's door, with a clock that runs while an answer is waited for. */
const door = createServer((request, response) => {
  const answer = async () => {
    const pieces: Buffer[] = [];
    for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
    const reply = await world.fetch(request.url ?? "/", {
      method: request.method ?? "GET",
      headers: { "content-type": request.headers["content-type"] ?? "" },
      body: Buffer.concat(pieces),
    });
    response.writeHead(reply.status, { "content-type": "application/json" }).end(await reply.text());
  };
  answer().catch((thrown: unknown) => response.writeHead(500).end(String(thrown)));
});
beforeAll(async () => {
  world = await openWorld({});
  await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
});
afterAll(async () => {
  door.closeAllConnections();
  await new Promise((resolve) => door.close(resolve));
  await world.close();
});

const LANGUAGES = [
  { language: "curl", agent: "shell-agent", file: "capture.sh", needs: "curl", by: ["sh", "-c"] },
  { language: "Python", agent: "python-agent", file: "capture.py", needs: "python3", by: ["python3", "-c"] },
] as const;

for (const { language, agent, file, needs, by } of LANGUAGES) {
  const isThere = spawnSync(needs, ["--version"]).status === 0;
  const where = isThere ? "" : ` (skipped: there is no ${needs} on this machine)`;
  const [command, flag] = by;

  (isThere ? describe : describe.skip)(`the recipe for ${language}${where}`, () => {
    test("captures an episode and rewards it, as it is written in docs/capture.md", async () => {
      await run(command, [flag, blockNamed(file)], {
        env: { ...process.env, LIGHTNING_ENDPOINT: url, NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1" },
      });
      await world.settle();
      const { body } = await world.call("GET", `/episodes?agent_id=${agent}`);
      expect(body.episodes).toHaveLength(1);
      const [{ id }] = body.episodes;
      const { body: episode } = await world.call("GET", `/episodes/${id}?agent_id=${agent}`);
      expect(episode).toEqual(
        expect.objectContaining({
          user_input: "Weather in Bern?",
          assistant_output: "7 degrees",
          session_id: "s1",
          model_deployment: "gpt-4o-mini",
        }),
      );
      const { body: given } = await world.call("GET", `/rewards?agent_id=${agent}&episode_id=${id}`);
      expect(given.rewards).toEqual([expect.objectContaining({ source: "human_approval", value: 1 })]);
    });
  });
}
