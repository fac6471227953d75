import { spawn } from "node:child_process";
import { Socket } from "node:net";

export interface Leashed {
  readonly pid: number;
  /** What the process takes as the order to end at once. */
  readonly signal: "KILL" | "QUIT";
  /** Its data. */
  readonly folder: string;
}

/**
 * A shell beside a test's server that ends it, and removes its folder, when this process is gone, however it went: the kernel closes the
 * pipe of a process killed with SIGKILL. In a group of its own, so that Ctrl-C reaches us and not the guard. Call what it gives
 * before ending the server oneself.
 */
export function leash({ pid, signal, folder }: Leashed): () => void {
  const guard = spawn("sh", ["-c", GUARD, "guard", String(pid), signal, folder], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  guard.unref();
  if (guard.stdin instanceof Socket) guard.stdin.unref();
  return () => {
    guard.kill("SIGKILL");
    guard.stdin.destroy();
  };
}

const GUARD = `
cat >/dev/null
kill -"$2" "$1"
tries=0
while kill -0 "$1" 2>/dev/null && [ "$tries" -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
rm -rf "$3"
`;
