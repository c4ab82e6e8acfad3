import { count } from "../logic/format.ts";
import type { Bin } from "../logic/histogram.ts";

/** Upright bars, each with its count on top and where it begins below; each range is read out in full. */
export function HistogramView(props: { bins: readonly Bin[]; unit: string; label: string }) {
  const { bins, unit, label } = props;
  const most = Math.max(1, ...bins.map((bin) => bin.count));
  return (
    <figure class="histogram">
      <figcaption>{label}</figcaption>
      <ul>
        {bins.map((bin) => (
          <li key={bin.range} title={`${bin.range} ${unit}: ${count(bin.count)}`}>
            <span class="hidden-text">
              {bin.range} {unit}: {count(bin.count)}
            </span>
            <span class="histogram-room" aria-hidden="true">
              <span class="histogram-count">{bin.count === 0 ? "" : count(bin.count)}</span>
              <span class="histogram-bar" style={{ height: `${(bin.count / most) * 100}%` }} />
            </span>
            <span class="histogram-from" aria-hidden="true">
              {bin.from}
            </span>
          </li>
        ))}
      </ul>
      <p class="histogram-unit" aria-hidden="true">
        {unit}, from
      </p>
    </figure>
  );
}
