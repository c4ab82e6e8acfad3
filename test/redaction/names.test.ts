import { describe, expect, test } from "@jest/globals";
import { nameMeaning, type Strength } from "../../src/redaction/labels/names.ts";

const NAMES: Readonly<Record<Strength, string>> = {
  secret:
    "password DB_PASSWORD dbPassword DB_PASSWORD_PROD password1 apiKey1 X-Api-Key SecretString SECRET_VALUE creds client_secret_old " +
    "connectionString ConnectionStrings__DbConnectionString Authorization pin primaryMasterKey accountKey jwt /prod/db/password " +
    "ｐａｓｓｗｏｒｄ pass\u200bword Ocp-Apim-Subscription-Key access_token",
  maybe: "token token_value dbpass DB_PASS github_token signature bearer",
  random:
    "key key1 primaryKey secondaryKey STRIPE_KEY vendorKey licensekey AZURE_OPENAI_KEY AZURE_SEARCH_KEY DB_PASSWORD_STRIPE",
  plain:
    "name publicKey partition_key cacheKey foreignKey sort_key monkey keyboard turkey compass bypass tokens max_tokens nextPageToken " +
    "passwordField password_policy password_min_length passwordResetUrl secretName secret_id token_count tokenizer secretary author " +
    "value Value description id",
};

describe("what a name says of the value beside it", () => {
  test.each(
    Object.entries(NAMES).flatMap(([strength, names]) => names.split(" ").map((name) => [name, strength])),
  )("%s: %s", (name, strength) => {
    expect(nameMeaning(name).strength).toBe(strength);
  });
});
