import type { Operation } from "../../src/doors/operation.ts";
import { openapiDocument } from "../../src/surfaces/openapi/document.ts";
import { undeclaredIn } from "./undeclared.ts";

type Json = Readonly<Record<string, unknown>>;
interface Response {
  readonly headers?: Json;
  readonly content?: Readonly<Record<string, { readonly schema: Json }>>;
}

/** One reply of a REST route, as its caller saw it. */
export interface SeenReply {
  readonly method: string;
  /** From `/lightning/` on, with or without what stands before it. */
  readonly address: string;
  readonly status: number;
  readonly headers: Iterable<readonly [string, string]>;
  readonly body: string;
}

/** Of every reply and of HTTP itself; they say nothing about an operation. */
const STANDING = new Set([
  "cache-control",
  "connection",
  "content-length",
  "content-type",
  "date",
  "keep-alive",
  "transfer-encoding",
  "x-content-type-options",
  "x-ms-invocation-id",
]);

/** The parts of a grader's input are the provider's own, with whatever fields it knows. */
const GRADER_INPUT = /\bgraders?\b.*\.input\[/;

/** Compares replies with the API description, both ways. */
export function createDeclared(operations: readonly Operation[]) {
  const document = openapiDocument(operations) as unknown as {
    readonly paths: Record<
      string,
      Record<string, { operationId: string; responses: Record<string, Response> }>
    >;
    readonly components?: { readonly schemas?: Json };
  };
  const paths = Object.entries(document.paths)
    .map(([path, item]) => ({
      item,
      matches: new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, "[^/]+")}$`),
      fixed: path.split("/").filter((part) => !part.startsWith("{")).length,
    }))
    // A word goes before a parameter.
    .toSorted((a, b) => b.fixed - a.fixed);
  const seen = new Set<string>();

  function operationAt(method: string, address: string) {
    const path = address
      .slice(address.indexOf("/lightning/"))
      .replace(/[?#].*$/, "")
      .replace(/\/$/, "");
    const name = method === "HEAD" ? "get" : method.toLowerCase();
    return paths.find(({ matches, item }) => matches.test(path) && item[name] !== undefined)?.item[name];
  }

  return {
    /** What of a reply was not declared; empty for addresses that are no operation's. */
    faultsOf({ method, address, status, headers, body }: SeenReply): string[] {
      const operation = operationAt(method, address);
      // An address that no host takes (`%00`) is answered by it, without a word.
      if (operation === undefined || (status === 400 && body === "" && method === "GET")) return [];
      // Beside a file "not modified" is declared as what else comes: generators take a 304 for the answer.
      const place = status === 304 && operation.responses[status] === undefined ? "default" : status;
      const at = `${operation.operationId} ${place}`;
      const response = operation.responses[place];
      if (response === undefined) return [`${at}: not declared: ${body.slice(0, 200)}`];
      seen.add(at);
      const given = new Map([...headers].map(([name, value]) => [name.toLowerCase(), value]));
      const declared = new Set(Object.keys(response.headers ?? {}).map((name) => name.toLowerCase()));
      const faults: string[] = [];
      for (const name of given.keys()) {
        if (declared.has(name)) seen.add(`${at} ${name}`);
        else if (!STANDING.has(name)) faults.push(`${at}: header ${name} is not declared`);
      }
      const type = given.get("content-type")?.split(";")[0] ?? "";
      if (status === 304 || (type === "" && response.content === undefined)) return faults;
      const content = response.content?.[type];
      // Where persons sign in, a 401 bears the body that a host's has not; a host's guard says a text.
      if (content === undefined)
        return status === 401 || (status === 403 && type === "text/plain")
          ? faults
          : [...faults, `${at}: the type "${type}" is not declared`];
      if (type !== "application/json" || method === "HEAD") return faults;
      const schemas = document.components?.schemas ?? {};
      return [
        ...faults,
        ...undeclaredIn(content.schema, JSON.parse(body), schemas)
          .filter((one) => !GRADER_INPUT.test(one))
          .map((one) => `${at}: ${one}`),
      ];
    },

    /** Statuses (`name 202`) and headers (`name 202 location`) that are declared and have not come. */
    unseen(): string[] {
      const all = paths.flatMap(({ item }) =>
        Object.values(item).flatMap(({ operationId, responses }) =>
          Object.entries(responses).flatMap(([status, { headers = {} }]) => [
            `${operationId} ${status}`,
            ...Object.keys(headers).map((name) => `${operationId} ${status} ${name.toLowerCase()}`),
          ]),
        ),
      );
      return all.filter((one) => !seen.has(one)).toSorted();
    },
  };
}
