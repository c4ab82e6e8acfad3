import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { readSettings } from "../src/config/settings.ts";
import { isMain } from "../src/kernel/is-main.ts";
import { CONTAINER_KEYS, containerNames } from "../src/ledger/containers.ts";
import { TRIGGER_LEASES, wantedContainer } from "../src/ledger/cosmos/definitions.ts";

/**
 * Writes `app/containers.json`, which the template loads, from the one table of containers: `npm run docs:containers`.
 * A test holds the file equal to the code.
 */
const FILE = path.resolve(import.meta.dirname, "app/containers.json");

export function containersJson(): string {
  const settings = readSettings({});
  const names = containerNames(settings);
  const containers = CONTAINER_KEYS.map((key) => {
    const { id, ...resource } = wantedContainer(key, names[key], settings.partitionKeyField);
    return { key, name: id, resource };
  });
  // The Functions triggers bring their own form of lease, with the key /id.
  const leases = {
    key: "triggerLeases",
    name: TRIGGER_LEASES,
    resource: { partitionKey: { paths: ["/id"], kind: "Hash", version: 2 } },
  };
  return `${JSON.stringify([...containers, leases], undefined, 2)}\n`;
}

export const writtenContainersJson = (): string => readFileSync(FILE, "utf8");

if (isMain(import.meta.url)) writeFileSync(FILE, containersJson());
