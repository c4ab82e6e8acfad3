/** Peak resident memory of this process while something runs. */
export function watchMemory() {
  const start = process.memoryUsage.rss();
  let peak = start;
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 20);
  return {
    start,
    sofar: () => peak,
    stop() {
      clearInterval(timer);
      return Math.max(peak, process.memoryUsage.rss());
    },
  };
}

/** How late a timer of 5 ms comes: what a request to the same process would wait. */
export function watchLoop() {
  const waits: number[] = [];
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    waits.push(now - last - 5);
    last = now;
  }, 5);
  return {
    stop() {
      clearInterval(timer);
      const sorted = waits.toSorted((a, b) => a - b);
      const at = (share: number) => round(Math.max(0, sorted[Math.floor((sorted.length - 1) * share)] ?? 0));
      return { p99_ms: at(0.99), max_ms: at(1) };
    },
  };
}

export const round = (n: number): number => Math.round(n * 1000) / 1000;
export const mb = (bytes: number): number => Math.round(bytes / 2 ** 20);
