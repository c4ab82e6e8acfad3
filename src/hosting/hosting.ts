/**
 * The port to whatever makes a tuned model callable: on Azure a deployment of the Azure OpenAI account, made through
 * Azure Resource Manager. Nothing here waits: making and removing begin, and are looked at later.
 *
 * Errors are `LightningError`: `unavailable` (`hosting_busy`, `hosting_unavailable`, `hosting_unreachable`, `hosting_timeout`; asking again
 * is idempotent, names decide), `conflict` `deployment_quota`, `forbidden` `permission_missing`, `invalid`
 * `hosting_rejected`, `not_found` `hosting_account_missing`.
 */
export interface HostRequest {
  /** At most 64 letters, digits and `-`. */
  readonly name: string;
  /** The tuned model's name, as the training job gave it. */
  readonly model: string;
  /** The maker as Azure Resource Manager spells it: `OpenAI`, `Microsoft`, … */
  readonly format: string;
  readonly sku: string;
  /** Thousands of tokens a minute. */
  readonly capacity: number;
}

export interface HostedModel {
  readonly name: string;
  readonly model: string;
  readonly sku: string;
  readonly capacity: number;
  /** Verbatim: Accepted, Creating, Succeeded, Failed, Deleting, Disabled, Canceled, Moving, … */
  readonly state: string;
  /** Milliseconds since the epoch, where the provider says it. */
  readonly createdAt?: number | undefined;
}

/** How far the making of a deployment has come. */
export type HostProgress =
  | { readonly kind: "absent" }
  | {
      readonly kind: "making";
      /** What to look at the operation with, small enough for a record. */
      readonly operation?: string | undefined;
    }
  | { readonly kind: "made"; readonly hosted: HostedModel }
  | { readonly kind: "removing" }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

/** A model that the account's region offers, by its list of today. */
export interface OfferedModel {
  readonly name: string;
  readonly version: string;
  readonly format: string;
  /** Verbatim: GenerallyAvailable, Preview, Deprecating, Deprecated. */
  readonly lifecycle?: string | undefined;
  /** When training on it ends; a date. */
  readonly trainingRetires?: string | undefined;
  /** When answers end; a date. */
  readonly inferenceRetires?: string | undefined;
  readonly tunable: boolean;
}

export interface Hosting {
  readonly kind: "arm";
  /** Asks for the deployment. Idempotent: the same request again, also after it was made, changes nothing. */
  begin(request: HostRequest): Promise<HostProgress>;
  /** Looks at the operation, if one is known, and at the deployment itself. */
  look(request: HostRequest, operation?: string): Promise<HostProgress>;
  read(name: string): Promise<HostedModel | undefined>;
  list(): AsyncIterable<HostedModel>;
  /** Begins to remove it; the model itself stays. One that is gone is fine. */
  remove(name: string): Promise<void>;
  /** The models that the account's region offers. */
  offered(): AsyncIterable<OfferedModel>;
}
