import type { LineOf, Work, Workload } from "./contract.ts";

/** The moves of a workload, as pure functions; what changes nothing answers the same object. */

type Name = Pick<Work, "type" | "id">;
const isSame =
  (one: Name) =>
  ({ type, id }: Name): boolean =>
    one.type === type && one.id === id;

export const isAtWork = (load: Workload, one: Name): boolean => load.at_work.some(isSame(one));

/** Its place among those that wait in its line, from 1; undefined: it does not wait. */
export function placeOf(load: Workload, one: Name, lineOf: LineOf): number | undefined {
  const line = lineOf(one.type);
  const index = load.waiting.filter(({ type }) => lineOf(type) === line).findIndex(isSame(one));
  return index < 0 ? undefined : index + 1;
}

/** To the end of those that wait; what is there already stays where it is. */
export function enter(load: Workload, work: Work): Workload {
  if (isAtWork(load, work) || load.waiting.some(isSame(work))) return load;
  return { ...load, waiting: [...load.waiting, work] };
}

/** Ended, or gone: whether it was at work or waited. */
export function leave(load: Workload, one: Name): Workload {
  const isOther = (other: Name) => !isSame(one)(other);
  if (load.at_work.every(isOther) && load.waiting.every(isOther)) return load;
  return { ...load, at_work: load.at_work.filter(isOther), waiting: load.waiting.filter(isOther) };
}

/** Back to the head of those that wait: it could not be begun. */
export function putBack(load: Workload, work: Work): Workload {
  const rest = leave(load, work);
  return { ...rest, waiting: [work, ...rest.waiting] };
}

/** As many of those that wait as there is room for go to work, in the order of their line. `atMost` of each line; 0: all of them. */
export function admit(
  load: Workload,
  atMost: number,
  lineOf: LineOf,
): { readonly load: Workload; readonly begun: readonly Work[] } {
  const taken = new Map<string, number>();
  const take = ({ type }: Work): number => {
    const count = (taken.get(lineOf(type)) ?? 0) + 1;
    taken.set(lineOf(type), count);
    return count;
  };
  load.at_work.forEach(take);
  const begun = load.waiting.filter((work) => take(work) <= atMost || atMost === 0);
  if (begun.length === 0) return { load, begun };
  return {
    load: {
      ...load,
      at_work: [...load.at_work, ...begun],
      waiting: load.waiting.filter((work) => !begun.includes(work)),
    },
    begun,
  };
}
