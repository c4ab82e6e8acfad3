import type { RegisteredFunction } from "./core-api/types.ts";

/** One line for each name that several functions have in different cases: one name to Azure, and to this host. */
export function sameNames(functions: Iterable<RegisteredFunction>): string[] {
  const names = [...functions].map((fn) => fn.metadata.name);
  const groups = Object.values(Object.groupBy(names, (name) => name.toLowerCase()));
  return groups.flatMap((group = []) =>
    group.length < 2
      ? []
      : `Functions '${group.join("' and '")}' differ in case only, which is one name in Azure: here the last one ` +
        "answers for both. Give them different names.",
  );
}
