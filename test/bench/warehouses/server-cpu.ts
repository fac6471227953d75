import { readdirSync, readFileSync } from "node:fs";

/** Linux counts them in hundredths of a second: `getconf CLK_TCK`. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
const TICKS = 100;

interface Stat {
  readonly parent: number;
  readonly own: number;
  /** Of children that have ended and were waited for. */
  readonly children: number;
}

function statOf(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // After the name, which may hold spaces: state, ppid, …; utime, stime, cutime and cstime are fields 14 to 17.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const field = (n: number): number => Number(fields[n - 3]);
    return { parent: field(4), own: field(14) + field(15), children: field(16) + field(17) };
  } catch {
    return null;
  }
}

/** The process that all of a server's backends are children of; null where this is no Linux, or another machine. */
export const serverOf = (backend: number): number | null => statOf(backend)?.parent ?? null;

/** CPU-seconds of a server, its backends and their parallel workers, those that ended among them. */
export function serverCpu(server: number): number {
  for (;;) {
    const before = statOf(server);
    if (before === null) throw new Error(`process ${server} is not on this machine`);
    let ticks = before.own + before.children;
    for (const entry of readdirSync("/proc")) {
      const stat = /^\d+$/.test(entry) ? statOf(Number(entry)) : null;
      if (stat?.parent === server) ticks += stat.own + stat.children;
    }
    // A backend that was waited for meanwhile would be counted twice, or not at all.
    if (statOf(server)?.children === before.children) return ticks / TICKS;
  }
}
