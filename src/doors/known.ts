/** Facts without those of the named ones that are `unknown`: in answers a fact that nobody knows is absent. */
export function withoutUnknown<Facts extends object, Name extends keyof Facts>(
  facts: Facts,
  names: readonly Name[],
): Omit<Facts, Name> & { [N in Name]?: Exclude<Facts[N], "unknown"> } {
  const known = { ...facts } as Omit<Facts, Name> & { [N in Name]?: Exclude<Facts[N], "unknown"> };
  for (const name of names) if (facts[name] === "unknown") delete known[name];
  return known;
}
