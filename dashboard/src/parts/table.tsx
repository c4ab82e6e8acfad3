import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { address, type View } from "../logic/route.ts";
import { useShared } from "./context.tsx";

export interface Column<T> {
  readonly name: string;
  readonly cell: (row: T) => ComponentChildren;
  readonly number?: boolean;
  /** Left out on narrow screens. */
  readonly extra?: boolean;
  readonly wide?: boolean;
}

export function Table<T>(props: {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf: (row: T) => string;
}) {
  const style = (column: Column<T>) =>
    [column.number ? "number" : "", column.extra ? "extra" : "", column.wide ? "wide" : ""].join(" ").trim();
  return (
    <div class="table-frame">
      <table>
        <caption class="hidden-text">{props.label}</caption>
        <thead>
          <tr>
            {props.columns.map((column) => (
              <th key={column.name} scope="col" class={style(column)}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row) => (
            <tr key={props.keyOf(row)}>
              {props.columns.map((column) => (
                <td key={column.name} class={style(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** On to the next page, or back to the first; the browser goes back one. */
export function Pages(props: { view: View; shown: number; continuation: string | undefined }) {
  const { route } = useShared();
  const { after, ...filters } = route.query;
  if (after === undefined && props.continuation === undefined) return null;
  return (
    <nav class="pages" aria-label="Pages">
      {after !== undefined && <a href={address(props.view, undefined, filters)}>Newest</a>}
      {props.continuation !== undefined && (
        <a href={address(props.view, undefined, { ...filters, after: props.continuation })} rel="next">
          Older
        </a>
      )}
    </nav>
  );
}

export interface Filter {
  readonly name: string;
  readonly label: string;
  readonly type?: "text" | "date" | "number";
  readonly options?: readonly (readonly [string, string])[];
}

/** Fields whose values stand in the address. */
export function Filters(props: { view: View; filters: readonly Filter[] }) {
  const { route, go } = useShared();
  const set = (name: string, value: string) => {
    const { after: _after, ...rest } = route.query;
    go(address(props.view, undefined, { ...rest, [name]: value }), true);
  };
  const used = props.filters.some(({ name }) => route.query[name] !== undefined);
  return (
    <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      {props.filters.map(({ name, label, type, options }) => (
        <div key={name} class="filter">
          <label for={`filter-${name}`}>{label}</label>
          {options === undefined ? (
            <FilterField
              id={`filter-${name}`}
              type={type ?? "text"}
              value={route.query[name] ?? ""}
              onValue={(value) => set(name, value)}
            />
          ) : (
            <select
              id={`filter-${name}`}
              value={route.query[name] ?? ""}
              onChange={(event) => set(name, event.currentTarget.value)}
            >
              <option value="">any</option>
              {options.map(([value, text]) => (
                <option key={value} value={value}>
                  {text}
                </option>
              ))}
            </select>
          )}
        </div>
      ))}
      {used && (
        <a class="clear" href={address(props.view)}>
          Clear
        </a>
      )}
    </form>
  );
}

function FilterField(props: {
  id: string;
  type: "text" | "date" | "number";
  value: string;
  onValue: (value: string) => void;
}) {
  const { id, type, value } = props;
  // What is being typed is kept here: the list below is rendered again with every change of the data.
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const field = {
    id,
    value: text,
    onInput: (event: { currentTarget: HTMLInputElement }) => setText(event.currentTarget.value),
    onChange: (event: { currentTarget: HTMLInputElement }) => props.onValue(event.currentTarget.value.trim()),
  };
  if (type === "number") return <input {...field} type="number" min={-1} max={1} step={0.1} />;
  if (type === "date") return <input {...field} type="date" />;
  return <input {...field} type="text" />;
}
