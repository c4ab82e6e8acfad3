// The same work for every engine: `start(name, input)` resolves with the orchestration's result.
export async function measure(start, { count, wides, singles }) {
  const expect = (got, wanted) => {
    if (got !== wanted) throw new Error(`wrong result: ${got}, not ${wanted}`);
  };
  const timed = async (work) => {
    const begun = performance.now();
    await work();
    return performance.now() - begun;
  };
  const many = (n) => Promise.all(Array.from({ length: n }, async () => expect(await start("five", 0), 5)));
  const perSecond = async () => Math.round((count * 1000) / (await timed(() => many(count))));
  await many(50);
  // A process that has just begun runs code that is not compiled yet; one that has served for a while does not.
  const figures = { first_per_second: await perSecond(), per_second: await perSecond() };
  for (const width of wides)
    figures[`fan_out_${width}_ms`] = Math.round(
      await timed(async () => expect(await start("fan", width), width)),
    );
  const times = [];
  for (let n = 0; n < singles; n++) times.push(await timed(async () => expect(await start("five", 0), 5)));
  times.sort((a, b) => a - b);
  const at = (share) => Number((times[Math.floor((times.length - 1) * share)] ?? 0).toFixed(2));
  return { ...figures, latency_p50_ms: at(0.5), latency_p95_ms: at(0.95) };
}

const [given] = process.argv.slice(2);
if (given?.startsWith("-")) {
  console.log("One engine of a comparison, which starts it: npx node bench/local-host/compare.ts --help");
  process.exit(given === "--help" ? 0 : 2);
}

/** What the parent process asked for. */
export const plan = JSON.parse(given ?? '{"count":1000,"wides":[1000],"singles":100}');

export function report(figures) {
  process.stdout.write(`FIGURES ${JSON.stringify(figures)}\n`);
  process.exit(0);
}
