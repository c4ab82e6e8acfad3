import { messageOf } from "../src/kernel/errors.ts";
import { printable } from "../src/kernel/printable.ts";
import { stopApps } from "./host.ts";
import { runLoop } from "./loop.ts";
import { HELP, readOptions } from "./options.ts";
import { createProgress } from "./progress.ts";
import { exitCodeOf, toJson, toTable } from "./report.ts";

let interrupted = false;
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  process.on(signal, () => {
    // A second one does not wait: the exit kills what still runs (host.ts).
    if (interrupted) process.exit(code);
    interrupted = true;
    void stopApps().finally(() => process.exit(code));
  });

try {
  const options = readOptions(process.argv.slice(2));
  if (options === "help") process.stdout.write(HELP);
  else {
    const result = await runLoop(options, createProgress());
    process.stdout.write(printable(options.json ? toJson(result) : `\n${toTable(result)}`));
    process.exitCode = exitCodeOf(result);
  }
} catch (thrown) {
  process.exitCode = 1;
  // What fails because the app was just stopped is no news.
  if (!interrupted) process.stderr.write(`\n${printable(messageOf(thrown))}\n`);
}
