import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "@jest/globals";

/** The packages' manifests beside the root's. That they install and work is shown by `npm run packages:check`. */
const root = path.resolve(import.meta.dirname, "../..");
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly private?: boolean;
  readonly engines: { readonly node: string };
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}
const read = (folder: string) =>
  JSON.parse(readFileSync(path.join(root, folder, "package.json"), "utf8")) as Manifest;
const own = read(".");
const packages = ["agent-lightning", "lightning-host", "lightning"].map((name) => read(`packages/${name}`));

describe("the packages", () => {
  test.each(packages.map((one) => [one.name, one] as const))(
    "%s has the root's version and licence",
    (_name, one) => {
      expect([one.version, one.license, one.private]).toEqual([own.version, own.license, undefined]);
    },
  );

  test("depend on what the root depends on, in the same versions", () => {
    for (const { dependencies = {} } of packages) expect(own.dependencies).toMatchObject(dependencies);
  });

  test("name as dependencies exactly what the host's sources import, and the app's libraries as peers", () => {
    const folder = path.join(root, "src/local-host");
    const imported = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .flatMap((file) => [
        ...readFileSync(path.join(folder, file), "utf8").matchAll(/\bfrom "([^."][^"]*)"/g),
      ])
      .map(([, name = ""]) => name)
      .filter((name) => !name.startsWith("node:"));
    const host = packages.find(({ name }) => name === "lightning-host");
    expect(Object.keys(host?.dependencies ?? {}).toSorted()).toEqual([...new Set(imported)].toSorted());
    expect(Object.keys(host?.peerDependencies ?? {}).toSorted()).toEqual([
      "@azure/functions",
      "durable-functions",
    ]);
  });

  test("leave an agent's process alone: no dependency of any kind", () => {
    const agent = packages.find(({ name }) => name === "agent-lightning");
    expect([agent?.dependencies, agent?.peerDependencies]).toEqual([undefined, undefined]);
  });
});

test("the host's README in the package tells the same differences from Azure as the room's own", () => {
  const differences = (file: string) =>
    readFileSync(path.join(root, file), "utf8")
      .split("## Where it differs from Azure")[1]
      ?.replace(" (`core-api/sdk-source.ts`)", "");
  expect(differences("packages/lightning-host/README.md")).toBe(differences("src/local-host/README.md"));
});
