/** Claims that name a person, in the order they are looked for. */
const NAME_CLAIMS = [
  "preferred_username",
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
  "email",
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
  "upn",
  "name",
  "http://schemas.microsoft.com/identity/claims/objectidentifier",
  "oid",
  "appid",
];

/**
 * The person App Service authentication vouches for, from its `X-MS-CLIENT-PRINCIPAL` header (base64 of JSON with
 * `claims: [{typ, val}]` and `name_typ`). Only App Service strips that header from what comes from outside, so callers
 * use this in Azure alone.
 */
export function principalOf(headers: { get(name: string): string | null }): string | undefined {
  const header = headers.get("x-ms-client-principal");
  if (header === null || header === "") return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(header, "base64").toString("utf8"));
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null) return undefined;
  const { claims, name_typ: nameType, userDetails } = parsed as Record<string, unknown>;
  const values = new Map<string, string>();
  for (const claim of Array.isArray(claims) ? (claims as unknown[]) : []) {
    const { typ, val } = (claim ?? {}) as Record<string, unknown>;
    if (typeof typ === "string" && typeof val === "string" && val !== "" && !values.has(typ))
      values.set(typ, val);
  }
  for (const type of [...(typeof nameType === "string" ? [nameType] : []), ...NAME_CLAIMS]) {
    const value = values.get(type);
    if (value !== undefined) return value.slice(0, 200);
  }
  // Static Web Apps in front of the functions sends its own short form.
  return typeof userDetails === "string" && userDetails !== "" ? userDetails.slice(0, 200) : undefined;
}
