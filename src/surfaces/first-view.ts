import { FIRST_QUESTIONS } from "./first-questions.ts";
import { PAGE_ROUTE } from "./page.ts";

/**
 * Fetches the page and its first view as a browser would, so that whoever opens it first does not wait until the code
 * is compiled, the files are zipped and the ledger's pages are read. One question after another: what somebody really
 * asks meanwhile goes between two of them.
 * @param key a function key, where the host asks for one
 */
export async function warmFirstView(
  fetch: (address: string, init: RequestInit) => Promise<Response>,
  key: string | undefined,
): Promise<void> {
  const get = async (address: string) => {
    const headers = { "accept-encoding": "gzip", ...(key === undefined ? {} : { "x-functions-key": key }) };
    return (await fetch(address, { headers })).text();
  };
  const page = await get(`/api/${PAGE_ROUTE}`);
  for (const [file] of page.matchAll(/\/api\/[\w/]+\/assets\/[\w.-]+/g)) await get(file);
  for (const [path, query = {}] of FIRST_QUESTIONS) {
    const asked = new URLSearchParams(
      Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
    );
    await get(`/api/lightning${path}?${asked.toString()}`);
  }
}
