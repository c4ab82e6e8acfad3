/** Statuses of a re-scan, as plain values. */
export const OPEN_RESCAN_STATUSES = ["pending", "running"] as const;
export const RESCAN_STATUSES = [...OPEN_RESCAN_STATUSES, "finished", "cancelled", "failed"] as const;
export type RescanStatus = (typeof RESCAN_STATUSES)[number];

export const isEndedRescan = ({ status }: { readonly status: RescanStatus }): boolean =>
  !(OPEN_RESCAN_STATUSES as readonly string[]).includes(status);
