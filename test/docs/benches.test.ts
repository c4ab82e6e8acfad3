import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "@jest/globals";

const root = path.resolve(import.meta.dirname, "../..");
const scripts = globSync("bench/*/*.ts", { cwd: root })
  .filter((file) => readFileSync(path.join(root, file), "utf8").includes("benchArguments("))
  .map((file) => file.replaceAll("\\", "/"))
  .toSorted();

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** Begins every bench in one process, each as if it were alone: what they share is loaded once. */
const begin = `
class Ended extends Error {}
let ended;
process.exit = (code) => { ended.code = code; throw new Ended(); };
console.log = (text) => { ended.out += text; };
console.error = (text) => { ended.error += text; };
const all = {};
for (const script of process.argv.slice(1)) {
  all[script] = [];
  for (const argument of ["--help", "--no-such-option"]) {
    ended = { code: -1, out: "", error: "" };
    all[script].push(ended);
    process.argv = [process.execPath, script, argument];
    try {
      await import(new URL(script + "?" + argument, process.env.ROOT));
    } catch (thrown) {
      if (!(thrown instanceof Ended)) throw thrown;
    }
  }
}
process.stdout.write(JSON.stringify(all));
process.reallyExit(0);
`;

describe("every bench", () => {
  let all: Record<string, [help: Ended, unknown: Ended]> = {};
  beforeAll(async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--input-type=module", "-e", begin, ...scripts],
      { env: { ...process.env, ROOT: new URL("../../", import.meta.url).href }, maxBuffer: 2 ** 24 },
    );
    all = JSON.parse(stdout) as typeof all;
  });

  test.each(scripts)("%s says with --help what it measures, what it takes and how it is called", (script) => {
    const [help] = all[script] ?? [];
    expect(help).toMatchObject({ code: 0, error: "" });
    expect(help?.out).toContain(`npx node ${script}`);
    expect(help?.out).toMatch(/^\S.{30}/);
    expect(help?.out).toMatch(/--help {2,}\S/);
    expect(help?.out).toContain("Examples:\n");
  });

  test.each(scripts)(
    "%s tells of an option that it does not know in one line, before it measures",
    (script) => {
      const [, unknown] = all[script] ?? [];
      expect(unknown).toEqual({
        code: 2,
        out: "",
        error: `${script}: Unknown option '--no-such-option'. --help tells what there is.`,
      });
    },
  );

  test("reads its arguments by the one helper", () => {
    const own = globSync("bench/**/*.ts", { cwd: root, exclude: ["**/node_modules"] }).filter((file) =>
      /process\.argv|parseArgs/.test(readFileSync(path.join(root, file), "utf8")),
    );
    expect(own).toEqual([path.join("bench", "arguments.ts")]);
    expect(scripts.length).toBeGreaterThan(10);
  });
});

test.each([
  [["--help"], 0, /^Episodes a second/, /^$/],
  [
    ["--seconds", "soon"],
    2,
    /^$/,
    /^bench\/local-host\/ingest.ts: --seconds is a number, not 'soon'\. .*\n$/,
  ],
  [["--only", "all"], 2, /^$/, /: --only cannot be 'all', only one, many\./],
  [["--seconds"], 2, /^$/, /: Option '--seconds <value>' argument missing\./],
  [["now"], 2, /^$/, /: Unexpected argument 'now'\./],
] as const)("a bench with %j ends with %i", async (args, code, out, error) => {
  const ended = await promisify(execFile)(process.execPath, ["bench/local-host/ingest.ts", ...args], {
    cwd: root,
  }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (thrown: { code: number; stdout: string; stderr: string }) => thrown,
  );
  expect(ended.code).toBe(code);
  expect(ended.stdout).toMatch(out);
  expect(ended.stderr).toMatch(error);
});
