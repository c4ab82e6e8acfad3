/** What an app in Azure cannot do without. */
export const AZURE = {
  WEBSITE_SITE_NAME: "lightning",
  COSMOS_ACCOUNT_URI: "https://account.documents.azure.com",
  AZURE_OPENAI_ENDPOINT: "https://account.openai.azure.com",
  LIGHTNING_FILES_URI: "https://account.blob.core.windows.net",
};

interface Person {
  readonly name?: string;
  /** Object id. */
  readonly oid?: string;
  readonly roles?: readonly string[];
  readonly groups?: readonly string[];
}

/** The `X-MS-CLIENT-PRINCIPAL` header as App Service writes it. */
export function principal({ name = "someone@example.com", oid, roles = [], groups = [] }: Person): string {
  const claims = [
    { typ: "preferred_username", val: name },
    ...(oid === undefined
      ? []
      : [{ typ: "http://schemas.microsoft.com/identity/claims/objectidentifier", val: oid }]),
    ...roles.map((val) => ({ typ: "roles", val })),
    ...groups.map((val) => ({ typ: "groups", val })),
  ];
  return Buffer.from(
    JSON.stringify({ auth_typ: "aad", name_typ: "preferred_username", role_typ: "roles", claims }),
  ).toString("base64");
}

export const knock = (person: Person) => ({
  method: "GET",
  headers: new Headers({ "x-ms-client-principal": principal(person) }),
});
