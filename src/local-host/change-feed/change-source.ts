/** Changed documents as values, or as the JSON text of their array with their number: the trigger gets text. */
type ChangedPage = (
  | { readonly items: readonly unknown[] }
  | { readonly json: string; readonly count: number }
) & { readonly continuation: string; readonly drained: boolean };

/** Where `app.cosmosDB` triggers get their changes: the app supplies its ledger's, a foreign app its own or none. */
export interface ChangeSource {
  /** True when this source knows the container. */
  has(container: string): boolean;
  /**
   * The latest versions of changed documents after a continuation, from the beginning when it is absent; `drained`
   * says that there are no more at the moment.
   */
  page(container: string, after: string | undefined, limit: number): Promise<ChangedPage>;
  /** Checkpoint: called when a function on the container is done with everything up to a place; absent: its beginning. */
  handled?(container: string, position: string | undefined): void;
  /** Calls the listener after a change; returns how to end that. Without it changes are seen by polling. */
  subscribe?(container: string, listener: () => void): () => void;
}
