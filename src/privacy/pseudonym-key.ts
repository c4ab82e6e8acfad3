import { randomBytes } from "node:crypto";
import { chmod, link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { homeFolder, type Settings } from "../config/settings.ts";
import { invalid, messageOf } from "../kernel/errors.ts";

/**
 * The secret that pseudonyms are made with: LIGHTNING_PSEUDONYM_KEY, in Azure a reference to Key Vault. On this machine,
 * where the ledger is embedded, one is made once and kept beside it in a file that its owner alone can read. It is never in the
 * ledger: whoever reads what is stored cannot try values against the tokens. Lost, no value finds its old token again.
 */
export function createPseudonymKey(
  settings: Pick<Settings, "pseudonymKey" | "home" | "websiteSiteName" | "cosmosAccountUri">,
): () => Promise<string> {
  if (settings.pseudonymKey !== undefined) {
    const given = settings.pseudonymKey;
    return async () => given;
  }
  if (settings.websiteSiteName !== undefined || settings.cosmosAccountUri !== undefined)
    return () =>
      Promise.reject(
        invalid("pseudonym_key_missing", "There is no secret to make pseudonyms with.", {
          field: "pseudonyms",
          remedy:
            "Set LIGHTNING_PSEUDONYM_KEY, the same for every process, in Azure as a reference to Key Vault; or do without pseudonyms.",
        }),
      );
  let asked: Promise<string> | undefined;
  return () => {
    asked ??= findOrMake(path.join(homeFolder(settings), "pseudonym-key"));
    asked.catch(() => {
      asked = undefined;
    });
    return asked;
  };
}

/** Processes that start together agree on one: the file appears whole, under its name, once. */
async function findOrMake(file: string): Promise<string> {
  const known = await read(file);
  if (known !== undefined) return known;
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  const made = randomBytes(32).toString("base64url");
  try {
    await writeFile(draft, made, { mode: 0o600, flag: "wx" });
    await link(draft, file);
    return made;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "EEXIST") throw thrown;
    return (await read(file)) ?? made;
  } finally {
    await rm(draft, { force: true });
  }
}

async function read(file: string): Promise<string | undefined> {
  try {
    const text = (await readFile(file, "utf8")).trim();
    if (text.length < 32) throw new Error(`${file} holds no key`);
    await chmod(file, 0o600);
    return text;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Error(`The key of the pseudonyms cannot be read: ${messageOf(thrown)}`, { cause: thrown });
  }
}
