import { moment, plural } from "../logic/format.ts";

/** Of a record whose orchestration had died: that it goes on, how often that happened, and why the last time. */
export function TakenUp({ of }: { of: { times: number; at: string; because: string } | undefined }) {
  if (of === undefined) return null;
  return (
    <p class="notice">
      Its orchestration was lost and started again, {plural(of.times, "time")} within a day, the last at{" "}
      {moment(of.at)}. {of.because}
    </p>
  );
}
