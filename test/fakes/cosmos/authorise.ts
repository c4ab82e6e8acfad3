import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Reply } from "./store.ts";

export const COSMOS_KEY = Buffer.from("a key for the tests of the ledger").toString("base64");

const forbidden = (status: number, message: string) => ({
  status,
  body: { code: status === 401 ? "Unauthorized" : "Forbidden", message },
});

/** https://learn.microsoft.com/rest/api/cosmos-db/access-control-on-cosmosdb-resources */
export function authorise(req: IncomingMessage, path: string, token: string | undefined): Reply | undefined {
  const auth = new URLSearchParams(
    decodeURIComponent(req.headers.authorization ?? "").replaceAll("+", "%2B"),
  );
  const segments = path === "" ? [] : path.split("/");
  if (auth.get("type") === "aad") {
    if (token === undefined || auth.get("sig") !== token) return forbidden(401, "The token is not valid.");
    if (req.method === "GET" || segments[4] === "docs") return undefined;
    return forbidden(403, "The given request cannot be authorized by AAD token in data plane.");
  }
  const type = segments.length % 2 === 1 ? (segments.at(-1) ?? "") : (segments.at(-2) ?? "");
  const link = (segments.length % 2 === 1 ? segments.slice(0, -1) : segments).join("/");
  const text = `${(req.method ?? "").toLowerCase()}\n${type}\n${link}\n${String(req.headers["x-ms-date"]).toLowerCase()}\n\n`;
  const wanted = createHmac("sha256", Buffer.from(COSMOS_KEY, "base64")).update(text).digest("base64");
  const given = auth.get("sig") ?? "";
  const equal = given.length === wanted.length && timingSafeEqual(Buffer.from(given), Buffer.from(wanted));
  return equal ? undefined : forbidden(401, "The input authorization token can't serve the request.");
}
