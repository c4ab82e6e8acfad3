// Plain JavaScript that old Nodes can read. How a Node that serves begins: with compiled code of the start before, and
// with a young generation that stays between 4 and 16 MB. V8 would let it grow to 64 MB twice over; where a page of memory
// that is touched for the first time is dear (a virtual machine: 18 us were measured), taking those in costs a busy host a
// third of its time, and beginning with all of it delays the start.
export const NODE_OPTIONS = [
  "--min-semi-space-size=4",
  "--max-semi-space-size=16",
  "--import",
  new URL("./compile-cache.js", import.meta.url).href,
];
