/** Preloaded into a process whose CPU time is asked for: writes its microseconds to file descriptor 3 at the end. */
import { writeSync } from "node:fs";

process.on("exit", () => {
  const { user, system } = process.cpuUsage();
  writeSync(3, String(user + system));
});
