import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { folderOf, ROOT } from "./files.ts";
import { type Ended, run } from "./run.ts";

/** An empty project that installs the packed packages, with a Node of its own. */
export interface Consumer {
  readonly version: string;
  readonly major: number;
  readonly folder: string;
  /** The project's Node. */
  readonly node: string;
  readonly env: NodeJS.ProcessEnv;
  /** Runs a command as it is typed in the project, its own Node first on the PATH. */
  readonly command: (
    file: string,
    args: readonly string[],
    options?: { cwd?: string; env?: NodeJS.ProcessEnv },
  ) => Promise<Ended>;
}

const { devDependencies, dependencies } = JSON.parse(
  readFileSync(path.join(ROOT, "package.json"), "utf8"),
) as {
  readonly [kind: string]: Readonly<Record<string, string>>;
};
const at = (name: string) => `${name}@${devDependencies?.[name] ?? dependencies?.[name]}`;
const platform = process.platform === "win32" ? "win" : process.platform;

/** The compiler that most apps have; the repository's own checks the same programs. */
export const TYPESCRIPT = "typescript@5.9.3";
const ALSO: Readonly<Record<number, readonly string[]>> = {
  24: [at("jest"), at("openai"), TYPESCRIPT],
  22: [TYPESCRIPT],
};

/** @param version an exact version of Node, from npm's package for this platform */
export async function createConsumer(
  scratch: string,
  version: string,
  tarballs: readonly string[],
): Promise<Consumer> {
  const major = Number(version.split(".")[0]);
  const folder = path.join(scratch, `node-${major}`);
  mkdirSync(folder);
  writeFileSync(path.join(folder, "package.json"), '{ "name": "consumer", "private": true }\n');
  const bin = path.join(folder, "node_modules", ".bin");
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|LIGHTNING_|NODE_OPTIONS$|INIT_CWD$)/.test(name)),
  );
  const PATH = [
    bin,
    ...(process.env.PATH ?? "").split(path.delimiter).filter((one) => !one.includes("node_modules")),
  ];
  const consumer: Consumer = {
    version,
    major,
    folder,
    node: path.join(
      folder,
      "node_modules",
      `node-${platform}-${process.arch}`,
      "bin",
      platform === "win" ? "node.exe" : "node",
    ),
    env: { ...env, PATH: PATH.join(path.delimiter), LIGHTNING_HOME: path.join(folder, "home") },
    command: (file, args, { cwd = folder, env: more = {} } = {}) =>
      run(file, args, { cwd, env: { ...consumer.env, ...more }, shell: platform === "win" }),
  };
  const packages = [
    ...tarballs,
    `node-${platform}-${process.arch}@${version}`,
    at("@azure/functions"),
    at("durable-functions"),
    at("@types/node"),
    ...(ALSO[major] ?? []),
  ];
  // With the machine's Node: the project's is not there yet.
  const flags = ["--save-exact", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
  const { code, err, out } = await consumer.command("npm", ["install", ...flags, ...packages]);
  if (code !== 0) throw new Error(`npm install failed for Node ${version}: ${err}${out}`);
  cpSync(path.join(ROOT, "packages/consumers"), folder, { recursive: true });
  return consumer;
}

/** Writes the files that a package's README shows (`// file: name`) into a folder, so that what it says is what is run. */
export function writeReadmeFiles(name: Parameters<typeof folderOf>[0], folder: string): string[] {
  const readme = readFileSync(path.join(folderOf(name), "README.md"), "utf8");
  return [...readme.matchAll(/```js\n\/\/ file: (\S+)\n([\s\S]*?)```/g)].map(([, file = "", text = ""]) => {
    const place = path.join(folder, file);
    mkdirSync(path.dirname(place), { recursive: true });
    writeFileSync(place, text);
    return file;
  });
}
