/** What App Service Authentication says of the one who calls. */
export interface Principal {
  /** For people to read: it may be changed, and two may have the same. */
  readonly name: string | undefined;
  /** Object id of the user or of the application's service principal: tells persons apart for ever. */
  readonly id: string | undefined;
  /** Values of the role claims, as they stand in the token. */
  readonly roles: readonly string[];
  /** Object ids of groups, in lower case. */
  readonly groups: readonly string[];
  /** The token left the groups out because there are too many of them (Entra's limit is 200). */
  readonly groupsLeftOut: boolean;
}

/** Claims that name somebody, in the order they are looked for. */
const NAME_CLAIMS = [
  "preferred_username",
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
  "email",
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
  "upn",
  "name",
  "appid",
  "azp",
];
const ID_CLAIMS = ["http://schemas.microsoft.com/identity/claims/objectidentifier", "oid"];
const OBJECT_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const ROLE_CLAIMS = ["roles", "role", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"];
const GROUP_CLAIMS = ["groups", "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"];
const GROUPS_LEFT_OUT = ["hasgroups", "_claim_names", "http://schemas.microsoft.com/claims/groups.link"];

/**
 * The `X-MS-CLIENT-PRINCIPAL` header: base64 of JSON with `claims: [{typ, val}]`, `name_typ` and `role_typ`. It is
 * worth something only where App Service Authentication is on: the platform then strips what came from outside.
 * Undefined when there is none or it cannot be read.
 */
export function readPrincipal(headers: { get(name: string): string | null }): Principal | undefined {
  const header = headers.get("x-ms-client-principal");
  if (header === null || header === "") return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(header, "base64").toString("utf8"));
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null) return undefined;
  const { claims, name_typ: nameType, role_typ: roleType, userDetails } = parsed as Record<string, unknown>;
  const values = new Map<string, string[]>();
  for (const claim of Array.isArray(claims) ? (claims as unknown[]) : []) {
    const { typ, val } = (claim ?? {}) as Record<string, unknown>;
    if (typeof typ === "string" && typeof val === "string" && val !== "")
      values.set(typ, [...(values.get(typ) ?? []), val]);
  }
  const of = (...types: unknown[]) =>
    [...new Set(types)].flatMap((type) => (typeof type === "string" ? (values.get(type) ?? []) : []));
  const [id] = of(...ID_CLAIMS);
  const [name = id] = of(nameType, ...NAME_CLAIMS);
  // Static Web Apps in front of the functions sends its own short form.
  const short = typeof userDetails === "string" && userDetails !== "" ? userDetails : undefined;
  return {
    name: (name ?? short)?.slice(0, 200),
    // Anything else in its place is a name like any other.
    id: id !== undefined && OBJECT_ID.test(id) ? id.toLowerCase() : undefined,
    roles: of(roleType, ...ROLE_CLAIMS),
    groups: of(...GROUP_CLAIMS).map((group) => group.toLowerCase()),
    groupsLeftOut: GROUPS_LEFT_OUT.some((type) => values.has(type)),
  };
}
