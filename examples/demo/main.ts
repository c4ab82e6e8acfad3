import { runLoop } from "./loop.ts";
import { HELP, readOptions } from "./options.ts";
import { createProgress } from "./progress.ts";
import { exitCodeOf, toJson, toTable } from "./report.ts";

// An interrupt ends this process; its exit takes the function app along (host.ts).
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));

try {
  const options = readOptions(process.argv.slice(2));
  if (options === "help") process.stdout.write(HELP);
  else {
    const result = await runLoop(options, createProgress());
    process.stdout.write(options.json ? toJson(result) : `\n${toTable(result)}`);
    process.exitCode = exitCodeOf(result);
  }
} catch (thrown) {
  process.stderr.write(`\n${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
}
