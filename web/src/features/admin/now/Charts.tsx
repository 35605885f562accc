import type { AdminApi } from "@mythgate/sdk";
import { useMemo } from "react";
import { figure, type Measure } from "../../../stores/adminNow.ts";
import { Chart } from "./Chart.tsx";
import styles from "./Now.module.css";

interface ChartsProps {
  readonly points: readonly AdminApi.ReadingPoint[];
  readonly measures: readonly Measure[];
}

/** All that is measured, one chart each. */
export function Charts({ points, measures }: ChartsProps) {
  const times = useMemo(() => points.map(({ at }) => Date.parse(at) / 1000), [points]);
  return (
    <div className={styles.charts}>
      {measures.map(({ title, of, unit }) => (
        <Chart
          key={title}
          title={title}
          times={times}
          values={points.map(of)}
          format={(value) => figure(value, unit)}
        />
      ))}
    </div>
  );
}
