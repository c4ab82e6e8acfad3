import type { ComponentChildren } from "preact";
import { Failure, Loading, Page } from "./basics.tsx";
import type { Live } from "./context.tsx";

/** What was asked: `useLive` and `useOnce` answer so. */
type Asked<T> = Pick<Live<T>, "data" | "error"> & Partial<Pick<Live<T>, "reload">>;

/**
 * What was asked for, as soon as it is there: until then grey lines (`lines` of them), or the error. An error of a
 * later fetch stands above what is shown, which stays.
 */
export function Loaded<T>(props: { of: Asked<T>; lines?: number; children: (data: T) => ComponentChildren }) {
  const { data, error, reload } = props.of;
  return (
    <>
      {error !== undefined && <Failure error={error} {...(reload === undefined ? {} : { retry: reload })} />}
      {data === undefined
        ? error === undefined && <Loading lines={props.lines ?? 6} />
        : props.children(data)}
    </>
  );
}

/** A page about one record, which brings its own title; until it is there, a page with this title. */
export function LoadedPage<T>(props: {
  title: string;
  of: Asked<T>;
  children: (data: T) => ComponentChildren;
}) {
  const { title, of: asked, children } = props;
  if (asked.data !== undefined) return <>{children(asked.data)}</>;
  return (
    <Page title={title}>
      <Loaded of={asked} lines={8}>
        {() => null}
      </Loaded>
    </Page>
  );
}
