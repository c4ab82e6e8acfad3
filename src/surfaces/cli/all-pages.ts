import type { Operation } from "../../doors/operation.ts";
import { inputFields } from "../fields.ts";
import type { Body } from "./layout.ts";
import type { Session } from "./session.ts";

/** Whether an operation answers page by page. */
export const isPaged = (operation: Operation): boolean =>
  operation.rest.method === "GET" && inputFields(operation).some(({ name }) => name === "continuation");

/** Items asked for at once where nobody said how many: fewer requests than with a page for the eye. */
const PAGE = 200;

/** The session whose answers are whole: pages are asked for until the last, and joined. */
export function allPages(session: Session): Session {
  const call: Session["call"] = async (name, input, options) => {
    const larger = { ...input, limit: input.limit ?? PAGE };
    const asked = session.operation.input.safeParse(larger).success ? larger : input;
    const first = await session.call(name, asked, options);
    const pages: Body[] = [first.body];
    for (let next = nextOf(first.body); next !== undefined; next = nextOf(pages.at(-1) ?? {}))
      pages.push((await session.call(name, { ...asked, continuation: next }, options)).body);
    return { ...first, body: joined(pages) as typeof first.body };
  };
  return { ...session, call };
}

const nextOf = (body: Body) => (typeof body.continuation === "string" ? body.continuation : undefined);

/** The first page with the lists of all; a count of what stands on the page is then one of all. */
function joined(pages: readonly Body[]): Body {
  const [first = {}] = pages;
  if (pages.length === 1) return first;
  const { continuation: _last, ...rest } = first;
  const lists = Object.keys(rest).filter((name) => Array.isArray(rest[name]));
  const paged = lists.filter((name) => pages.slice(1).some((page) => !sameList(page[name], rest[name])));
  const all = Object.fromEntries(paged.map((name) => [name, pages.flatMap((page) => listOf(page[name]))]));
  const counts = Object.keys(rest).filter(
    (name) =>
      name.endsWith("_found") &&
      paged.some((list) => pages.every((page) => page[name] === listOf(page[list]).length)),
  );
  const sums = Object.fromEntries(
    counts.map((name) => [name, pages.reduce((sum, page) => sum + Number(page[name]), 0)]),
  );
  return { ...rest, ...all, ...sums };
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
/** What every page repeats (an agent's bases, say) is no list in pages. */
const sameList = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
