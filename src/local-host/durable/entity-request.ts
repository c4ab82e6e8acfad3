/** What travels to an entity in an event named "op", and "release" (RequestMessage and ReleaseMessage). */
export interface EntityRequest {
  /** Absent on requests for a lock and on releases. */
  readonly op?: string;
  readonly signal?: boolean;
  /** JSON text. */
  readonly input?: string;
  readonly id: string;
  readonly parent?: string;
  readonly parentExecution?: string;
  /** A lock takes the entities of this list one after the other; `pos` is the one it is at. */
  readonly lockset?: readonly { readonly name: string; readonly key: string }[];
  readonly pos?: number;
  readonly release?: boolean;
}
