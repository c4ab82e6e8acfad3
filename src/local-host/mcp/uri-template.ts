/** What stands in braces in a resource's address. */
const EXPRESSION = /\{([^{}]+)\}/g;

/** An address with parameters, as the Functions MCP extension reads it (ResourceUriHelper): a subset of RFC 6570. */
export interface UriTemplate {
  /** The parameters' values, as they stand in the address; undefined when that is another one. */
  match(uri: string): Record<string, string> | undefined;
}

/**
 * The template that a resource's address is; undefined for the address of a single resource. A value ends at the next
 * part of the path, one right behind `?` or `&` at the next `&`. Letters' case does not count.
 * @throws Error for what the extension refuses
 */
export function uriTemplate(uri: string): UriTemplate | undefined {
  const refuse = (why: string) => new Error(`its uri ${JSON.stringify(uri)} ${why}, which Azure refuses`);
  const names = [...uri.matchAll(EXPRESSION)].map(([, name = ""]) => name);
  const rest = uri.replaceAll(EXPRESSION, "template");
  if (/[{}]/.test(rest)) throw refuse("has braces without a name or without their other half");
  if (!URL.canParse(rest)) throw refuse("is not absolute");
  if (names.length === 0) return undefined;
  if (uri.includes("}{")) throw refuse("has two parameters with nothing between them");
  const odd = names.find((name) => name.trim() === "" || /[/#?& ]|%7b|%7d/i.test(name));
  if (odd !== undefined) throw refuse(`has a parameter ${JSON.stringify(odd)}`);
  const plain = names.map((name) => name.replaceAll(/\W/g, "_").toLowerCase());
  if (new Set(plain).size < plain.length) throw refuse("has two parameters of one name");
  // Between the parameters stands what has to be there; every other piece is a parameter's name.
  const pattern = uri
    .split(EXPRESSION)
    .map((piece, at, pieces) => {
      if (at % 2 === 0) return literally(piece);
      return /[?&]$/.test(pieces[at - 1] ?? "") ? "([^&#]+)" : "([^/?#]+)";
    })
    .join("");
  const expression = new RegExp(`^${pattern}$`, "i");
  return {
    match(given) {
      const values = expression.exec(given)?.slice(1);
      return values && Object.fromEntries(names.map((name, at) => [name, values[at] ?? ""]));
    },
  };
}

const literally = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
