import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import type uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { figure, moment } from "../logic/format.ts";
import { type Columns, spoken } from "../logic/trend.ts";
import { useWidth } from "./context.tsx";

export interface Marker {
  /** In the unit of x. */
  readonly at: number;
  readonly text: string;
}

let plotter: Promise<typeof uPlot | undefined> | undefined;

/**
 * Fetches the library that draws, once. Not with the page: at its start it loads the browser's tables of languages and
 * time zones, which takes longer than an answer of the app. A view with a chart begins it beside its questions.
 */
export function fetchPlotter(): Promise<typeof uPlot | undefined> {
  plotter ??= import("uplot").then(
    (library) => library.default,
    () => {
      // Without it nothing is drawn; the legend and the sentence say the same. The next chart tries again.
      plotter = undefined;
      return undefined;
    },
  );
  return plotter;
}

/** A line chart with its legend; the legend shows the values under the pointer, a sentence says the whole. */
export function Chart(props: {
  columns: Columns;
  label: string;
  time?: boolean;
  height?: number;
  range?: readonly [number, number];
  markers?: readonly Marker[];
  /** Names of the legend, where a series has a longer one. */
  names?: Readonly<Record<string, string>>;
  xName?: string;
}) {
  const { frame, width } = useWidth<HTMLDivElement>();
  const [at, setAt] = useState<number | null>(null);
  const dark = useDark();
  const [{ Plot }, setPlot] = useState<{ readonly Plot?: typeof uPlot | undefined }>({});
  useEffect(() => void fetchPlotter().then((found) => setPlot({ Plot: found })), []);
  const { columns, time = false, height = 220 } = props;

  const shape = JSON.stringify([columns, props.markers, props.range]);
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null || width === 0 || Plot === undefined) return;
    const style = getComputedStyle(element);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const font = `11px ${style.fontFamily}`;
    const axis: uPlot.Axis = {
      stroke: colour("--muted"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
      font,
    };
    const draw = (u: uPlot) => {
      const { ctx } = u;
      for (const [n, marker] of (props.markers ?? []).entries()) {
        const edge = u.bbox.left + u.bbox.width;
        const place = Math.round(u.valToPos(marker.at, "x", true));
        if (place < u.bbox.left) continue;
        // What came long after the last value stands at the edge, with its time.
        const x = Math.min(place, edge);
        const when = place > edge ? ` ${moment(new Date(marker.at * 1000).toISOString()).slice(5, 16)}` : "";
        ctx.save();
        ctx.strokeStyle = colour("--good");
        ctx.fillStyle = colour("--good");
        ctx.lineWidth = devicePixelRatio;
        ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
        ctx.beginPath();
        ctx.moveTo(x, u.bbox.top);
        ctx.lineTo(x, u.bbox.top + u.bbox.height);
        ctx.stroke();
        ctx.font = `${11 * devicePixelRatio}px ${style.fontFamily}`;
        const near = x > u.bbox.left + u.bbox.width * 0.7;
        ctx.textAlign = near ? "right" : "left";
        ctx.fillText(
          marker.text + when,
          x + (near ? -5 : 5) * devicePixelRatio,
          u.bbox.top + u.bbox.height - (6 + (n % 4) * 13) * devicePixelRatio,
        );
        ctx.restore();
      }
    };
    const many = columns.x.length > 60;
    const plot = new Plot(
      {
        width,
        height,
        // A time in words stands half beyond the last grid line.
        padding: [8, time ? 22 : 8, 0, 0],
        legend: { show: false },
        cursor: { y: false, points: { size: 7 } },
        scales: {
          x: { time, range: reaching(time ? (props.markers ?? []) : []) },
          y: props.range === undefined ? {} : { range: [props.range[0], props.range[1]] },
        },
        axes: [
          {
            ...axis,
            space: 70,
            size: 28,
            ...(time ? { values: timeLabels } : {}),
            ...(props.xName === undefined
              ? {}
              : { label: props.xName, labelSize: 18, labelGap: 2, labelFont: font }),
          },
          { ...axis, size: 46, values: (_u, splits) => splits.map((value) => figure(value)) },
        ],
        series: [
          {},
          ...columns.series.map(({ name }, n) => ({
            label: name,
            stroke: colour(colourOf(n, columns.series.length)),
            width: 2,
            spanGaps: !time,
            points: { show: !many, size: 5 },
          })),
        ],
        hooks: { draw: [draw], setCursor: [(u: uPlot) => setAt(u.cursor.idx ?? null)] },
      },
      [columns.x, ...columns.series.map(({ values }) => values)],
      element,
    );
    return () => plot.destroy();
    // `shape` stands for the data: a new array with equal numbers causes no new rendering (memoised).
  }, [Plot, width, height, time, dark, shape]);

  const x = at === null ? undefined : columns.x[at];
  return (
    <figure class="chart">
      <figcaption class="hidden-text">
        {props.label}: {spoken(columns)}.
      </figcaption>
      <ul class="legend" aria-hidden="true">
        {columns.series.map(({ name, values }, n) => {
          const value = at === null ? values.findLast((one) => one !== null) : values[at];
          return (
            <li key={name}>
              <i class={`swatch ${swatchOf(n, columns.series.length)}`} />
              {props.names?.[name] ?? name}
              <b>{value === null || value === undefined ? "–" : figure(value, 3)}</b>
            </li>
          );
        })}
        <li class="legend-x">
          {x === undefined
            ? columns.averaged === undefined
              ? "latest"
              : "mean of the last steps"
            : time
              ? moment(new Date(x * 1000).toISOString())
              : `${props.xName ?? ""} ${x}`}
        </li>
      </ul>
      <div ref={frame} class="plot" aria-hidden="true" />
    </figure>
  );
}

/** So far beyond the last value, as a share of the whole, a marker is still shown in its place. */
const BEYOND = 0.6;

/** From the first value to the last, and on to a marker after it: what was done with the model is part of the story. */
const reaching =
  (markers: readonly Marker[]) =>
  (_u: uPlot, min: number, max: number): [number, number] => {
    const latest = Math.max(max, ...markers.map(({ at }) => at));
    const until = Math.min(latest, max + (max - min) * BEYOND);
    return [min, until > min ? until + (until - min) * 0.02 : min + 1];
  };

/** Days, minutes or seconds, as the whole is long. */
function timeLabels(u: uPlot, splits: number[]): string[] {
  const { min = 0, max = 0 } = u.scales.x ?? {};
  const seconds = (max ?? 0) - (min ?? 0);
  const [from, until] = seconds > 2 * 86_400 ? [5, 10] : seconds > 600 ? [11, 16] : [11, 19];
  return splits.map((at) => moment(new Date(at * 1000).toISOString()).slice(from, until));
}

/** The last series is the one that matters now. */
const PLACES = ["accent", "before", "third", "fourth"] as const;
const swatchOf = (n: number, all: number) => PLACES[Math.min(PLACES.length - 1, all - 1 - n)] ?? "fourth";
const colourOf = (n: number, all: number) => `--series-${swatchOf(n, all)}`;

function useDark(): boolean {
  const query = "(prefers-color-scheme: dark)";
  const [dark, setDark] = useState(matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const change = () => setDark(list.matches);
    list.addEventListener("change", change);
    return () => list.removeEventListener("change", change);
  }, []);
  return dark;
}
