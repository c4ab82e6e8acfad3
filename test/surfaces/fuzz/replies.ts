import type { ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { Api, FuzzedRequest } from "./requests.ts";

export interface Replied {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Judges replies by the document that the app serves. */
export function replyJudge(api: Api): (request: FuzzedRequest, reply: Replied) => string | undefined {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: false, logger: false });
  ajv.addSchema(api, "api");
  const known = new Map<string, ValidateFunction>();
  const pointer = (steps: readonly string[]) =>
    steps.map((step) => encodeURIComponent(step.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/");

  /** What is wrong with a reply; undefined: nothing. */
  return ({ of, method }, { status, headers, text }) => {
    const contentType = headers.get("content-type") ?? "";
    if (status >= 500) return `answered ${status}: ${text.slice(0, 300)}`;
    if (of === undefined || method === "HEAD") return undefined;
    const { responses } = api.paths[of.path]?.[of.method] ?? { responses: {} };
    const declared = responses[String(status)];
    if (declared === undefined) return `answered ${status}, which it does not declare: ${text.slice(0, 200)}`;
    for (const [name, { schema, required }] of Object.entries(declared.headers ?? {})) {
      const given = headers.get(name);
      const value = given !== null && schema.type === "integer" ? Number(given) : given;
      if (value === null ? required === true : !ajv.validate(schema, value))
        return `answered ${status} with the header ${name}: ${given}, which is not as declared`;
    }
    const again = /"retry_after_seconds":(\d+)/.exec(text)?.[1];
    if (again !== undefined && status >= 400 && headers.get("retry-after") !== again)
      return `answered ${status} with retry_after_seconds ${again} and the header ${headers.get("retry-after")}`;
    // A file, or the host's own refusal before any operation saw the request.
    if (!/^application\/json(;|$)/.test(contentType))
      return status < 300 || text === "" || contentType.startsWith("text/plain")
        ? undefined
        : `answered ${contentType}`;
    const schema = declared.content?.["application/json"]?.schema;
    if (schema === undefined) return undefined;
    const at = `api#/${pointer(["paths", of.path, of.method, "responses", String(status), "content", "application/json", "schema"])}`;
    const check = known.get(at) ?? ajv.compile({ $ref: at });
    known.set(at, check);
    if (text === "") return `answered ${status} as JSON, without any`;
    if (check(JSON.parse(text))) return undefined;
    const { instancePath, message, params } = check.errors?.[0] ?? {};
    return `answered ${status} with a body that is not as declared: ${instancePath} ${message} ${JSON.stringify(params)}: ${text.slice(0, 300)}`;
  };
}
