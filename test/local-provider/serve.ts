import { systemClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { startLocalProvider } from "../../src/local-provider/start.ts";

/** A local provider in a process of its own, for tests that kill it: `node serve.ts <folder>`. */
const server = await startLocalProvider({
  folder: process.argv[2] ?? "",
  models: ["base"],
  clock: systemClock,
  logger: silentLogger,
  pace: { epochMs: 60_000 },
});
process.stdout.write(`${JSON.stringify(server)}\n`);
