/** Tool calls of usual shapes: arguments as an MCP client sends them, results as MCP servers answer. */
const text = (body: string) => ({ content: [{ type: "text", text: body }] });

const PROSE =
  "The quarterly report shows that revenue in the northern region rose by twelve percent, driven by new customers. ";
const ROWS = JSON.stringify(
  Array.from({ length: 18 }, (_, i) => ({
    id: `item-${i}`,
    name: `Widget ${i}`,
    price: 12.5 + i,
    note: "in stock",
  })),
);
const SECRETS =
  "User bob@example.com asked; password=hunter2; key sk-proj-abc123def456ghi789, card 4111 1111 1111 1111. ";

export const PAYLOADS = [
  { name: "prose, 1.5 kB", args: { query: "north region", limit: 10 }, result: text(PROSE.repeat(13)) },
  { name: "JSON rows, 1.3 kB", args: { table: "stock", where: { region: "north" } }, result: text(ROWS) },
  {
    name: "structured, 1.3 kB",
    args: { table: "stock", where: { region: "north" } },
    result: { content: [], structuredContent: { rows: JSON.parse(ROWS) as unknown } },
  },
  { name: "full of secrets, 1.5 kB", args: { user: "bob@example.com" }, result: text(SECRETS.repeat(14)) },
  { name: "a file, 1 MB", args: { path: "/srv/report.txt" }, result: text(PROSE.repeat(9000)) },
];
