import { useEffect, useRef, useState } from "react";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { clockTime } from "../../when.ts";
import styles from "./Now.module.css";

interface ChartProps {
  readonly title: string;
  /** How a value is written, with its unit. */
  readonly format: (value: number) => string;
  /** Seconds since the epoch, rising. */
  readonly times: readonly number[];
  /** One for each time. */
  readonly values: readonly number[];
}

const HEIGHT = 130;
/** Moving over one chart shows the same moment in the others. */
const TOGETHER = UPlot.sync("console");
/** Rows of the table: a minute apart are enough to read. */
const ROW_SECONDS = 60;

/** One measure over the last hour: drawn, in a sentence, and as a table. */
export function Chart({ title, format, times, values }: ChartProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <figure className={styles.chart}>
      <figcaption>
        <h3 className={styles.chartTitle}>{title}</h3>
        <p className={styles.dim}>
          {format(values.at(-1) ?? 0)} now, at most {format(Math.max(...values))}, at least{" "}
          {format(Math.min(...values))}
        </p>
      </figcaption>
      <Canvas title={title} format={format} times={times} values={values} />
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary aria-label={`${title} as a table`}>As a table</summary>
        {isOpen && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          <section className={styles.figures} aria-label={`${title}, as a table`} tabIndex={0}>
            <table>
              <thead>
                <tr>
                  <th scope="col">Time</th>
                  <th scope="col">{title}</th>
                </tr>
              </thead>
              <tbody>
                {byMinute(times)
                  .reverse()
                  .map((at) => (
                    <tr key={times[at]}>
                      <th scope="row">{clock(times[at])}</th>
                      <td>{format(values[at] ?? 0)}</td>
                    </tr>
                  ))}
              </tbody>
            </table>
          </section>
        )}
      </details>
    </figure>
  );
}

/** Which of the times stand in the table: the last of each minute. */
const byMinute = (times: readonly number[]): number[] =>
  times.flatMap((time, at) => {
    const next = times[at + 1];
    return next === undefined || Math.floor(next / ROW_SECONDS) > Math.floor(time / ROW_SECONDS) ? [at] : [];
  });

const clock = (seconds: number | undefined): string => clockTime(new Date((seconds ?? 0) * 1000).toISOString());

/** What the eyes see; the words above and the table below say the same. */
function Canvas({ title, format, times, values }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef({ times, values, format });
  latest.current = { times, values, format };
  const plot = useRef<UPlot | null>(null);

  useEffect(() => {
    const host = place.current;
    if (!host) return;
    const draw = () => {
      plot.current?.destroy();
      plot.current = new UPlot(optionsFor(host, title, latest.current.format), figures(latest.current), host);
    };
    draw();
    const resized = new ResizeObserver(() => {
      if (host.clientWidth > 0) plot.current?.setSize({ width: host.clientWidth, height: HEIGHT });
    });
    resized.observe(host);
    // The colours are those of the theme.
    const themed = new MutationObserver(draw);
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "data-text-size"] });
    return () => {
      resized.disconnect();
      themed.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [title]);
  useEffect(() => plot.current?.setData(figures({ times, values })), [times, values]);

  return <div ref={place} className={styles.canvas} aria-hidden />;
}

const figures = ({ times, values }: Pick<ChartProps, "times" | "values">): UPlot.AlignedData => [
  [...times],
  [...values],
];

function optionsFor(host: HTMLElement, label: string, format: (value: number) => string): UPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour("--dim"),
    font: `11px ${colour("--mono")}`,
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: host.clientWidth || 320,
    height: HEIGHT,
    legend: { show: false },
    cursor: { sync: { key: TOGETHER.key }, y: false, drag: { x: false, y: false } },
    scales: { y: { range: (_, __, most) => [0, most > 0 ? most * 1.1 : 1] } },
    axes: [
      { ...axis, space: 70, size: 26, values: (_, at) => at.map(clock) },
      { ...axis, space: 34, size: 62, values: (_, at) => at.map(format) },
    ],
    series: [{}, { label, stroke: colour("--verdigris"), width: 1.5, points: { show: false } }],
  };
}
