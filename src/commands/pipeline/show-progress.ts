import type { Progress } from "../../deliver/progress.ts";
import { duration } from "../../report/plan-report.ts";
import type { Output } from "../output.ts";

/** One redrawn line on a terminal; nothing elsewhere. */
export function progressLine(out: Output): { show(sync: string, progress: Progress): void; clear(): void } {
  const draw = (text: string) => {
    if (out.tty) out.progress.write(`\r\u001b[K${text}`);
  };
  return {
    show(sync, { sent, total, ratePerSecond, remainingMs, retries }) {
      const left = remainingMs === null || sent >= total ? "" : `, ${duration(remainingMs / 1_000)} left`;
      const tries = retries > 0 ? `, ${retries} retries` : "";
      draw(`${sync}: ${sent} of ${total} rows, ${Math.round(ratePerSecond)} rows/s${left}${tries}`);
    },
    clear: () => draw(""),
  };
}
