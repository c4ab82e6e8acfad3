/** Where the stations of the loop lie and how it runs between them, for a given width in pixels. */

export const STATIONS = [
  "agent",
  "episodes",
  "rewards",
  "datasets",
  "training",
  "evaluation",
  "deployments",
] as const;
export type Station = (typeof STATIONS)[number];

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
export interface LoopLayout {
  readonly height: number;
  readonly boxes: Readonly<Record<Station, Box>>;
  /** Path data of each way from a station to the next. */
  readonly ways: readonly { readonly from: Station; readonly to: Station; readonly d: string }[];
}

const middle = (box: Box) => box.x + box.width / 2;

const GAP = 34;
/** From here on the agent stands beside the others. */
const WIDE = 700;

export function layoutLoop(width: number): LoopLayout {
  return width >= WIDE ? wide(width) : narrow(width);
}

function wide(width: number): LoopLayout {
  const height = 264;
  const row = 114;
  const agentWidth = Math.min(240, Math.round(width * 0.22));
  const cell = (width - agentWidth - GAP * 3) / 3;
  const column = (n: number) => agentWidth + GAP + n * (cell + GAP);
  const top = (n: number): Box => ({ x: column(n), y: 1, width: cell, height: row });
  const bottom = (n: number): Box => ({ x: column(n), y: height - row - 1, width: cell, height: row });
  const boxes = {
    agent: { x: 1, y: 1, width: agentWidth, height: height - 2 },
    episodes: top(0),
    rewards: top(1),
    datasets: top(2),
    training: bottom(2),
    evaluation: bottom(1),
    deployments: bottom(0),
  };
  const across = (from: Station, to: Station, y: number) => {
    const [a, b] = [boxes[from], boxes[to]];
    const right = a.x < b.x;
    const start = right ? a.x + a.width : a.x;
    const end = right ? b.x : b.x + b.width;
    return { from, to, d: `M${start} ${y}H${end}` };
  };
  const upper = row / 2;
  const lower = height - row / 2;
  return {
    height,
    boxes,
    ways: [
      across("agent", "episodes", upper),
      across("episodes", "rewards", upper),
      across("rewards", "datasets", upper),
      {
        from: "datasets",
        to: "training",
        d: `M${boxes.datasets.x + cell / 2} ${row + 1}V${height - row - 1}`,
      },
      across("training", "evaluation", lower),
      across("evaluation", "deployments", lower),
      across("deployments", "agent", lower),
    ],
  };
}

function narrow(width: number): LoopLayout {
  const row = 112;
  const down = 26;
  const side = 22;
  const cell = (width - side - GAP - 2) / 2;
  const left = side;
  const right = side + cell + GAP;
  const y = (n: number) => 1 + n * (row + down);
  const at = (x: number, n: number): Box => ({ x, y: y(n), width: cell, height: row });
  const boxes = {
    agent: { x: left, y: 1, width: width - side - 2, height: row },
    episodes: at(left, 1),
    rewards: at(right, 1),
    datasets: at(right, 2),
    training: at(left, 2),
    evaluation: at(left, 3),
    deployments: at(right, 3),
  };
  const line = (n: number) => y(n) + row / 2;
  const fall = (from: Station, to: Station) => ({
    from,
    to,
    d: `M${middle(boxes[to])} ${boxes[from].y + row}V${boxes[to].y}`,
  });
  const height = y(3) + row + 20;
  return {
    height,
    boxes,
    ways: [
      fall("agent", "episodes"),
      { from: "episodes", to: "rewards", d: `M${left + cell} ${line(1)}H${right}` },
      fall("rewards", "datasets"),
      { from: "datasets", to: "training", d: `M${right} ${line(2)}H${left + cell}` },
      fall("training", "evaluation"),
      { from: "evaluation", to: "deployments", d: `M${left + cell} ${line(3)}H${right}` },
      {
        from: "deployments",
        to: "agent",
        d: `M${middle(boxes.deployments)} ${y(3) + row}V${height - 10}Q${middle(boxes.deployments)} ${height - 2} ${middle(boxes.deployments) - 8} ${height - 2}H14Q6 ${height - 2} 6 ${height - 10}V${line(0) + 8}Q6 ${line(0)} 14 ${line(0)}H${left}`,
      },
    ],
  };
}
