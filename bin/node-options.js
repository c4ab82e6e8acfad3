// Plain JavaScript that old Nodes can read. How a Node that serves begins: with compiled code of the start before, and
// with a young generation of 8 MB. V8 would let it grow to 64 MB twice over; where a page of memory that is touched for
// the first time is dear (a virtual machine: 18 us were measured), taking those in costs a busy host a third of its time.
export const NODE_OPTIONS = [
  "--min-semi-space-size=8",
  "--max-semi-space-size=8",
  "--import",
  new URL("./compile-cache.js", import.meta.url).href,
];
