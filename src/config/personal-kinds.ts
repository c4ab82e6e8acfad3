/**
 * Numbers of persons that are looked for only where somebody asks for them: they follow the rules of one country, and
 * many other numbers have their form. `src/redaction/numbers/personal.ts` knows how each looks.
 */
export const PERSONAL_KINDS = [
  "us_ssn",
  "us_itin",
  "uk_nino",
  "uk_nhs",
  "de_tax_id",
  "fr_insee",
  "es_nif",
  "it_codice_fiscale",
  "nl_bsn",
  "pl_pesel",
  "se_personnummer",
  "fi_hetu",
  "tr_tckn",
  "in_aadhaar",
  "in_pan",
  "br_cpf",
  "ca_sin",
  "au_tfn",
  "sg_nric",
  "za_id",
  "kr_rrn",
  "passport",
  "ip_address",
  "mac_address",
  "crypto_wallet",
] as const;
export type PersonalKind = (typeof PERSONAL_KINDS)[number];
