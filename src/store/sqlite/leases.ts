import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { z } from "zod";
import { FenceLost } from "../../core/errors.ts";
import type { Lease, RunStore } from "../store.ts";
import type { Database } from "./database.ts";

const leaseRow = z.object({
  fence: z.number(),
  owner: z.string().nullable(),
  expires_at: z.number(),
  machine: z.string(),
  pid: z.number(),
});

/** Leases: who works on what. Expiry is by the injected clock; taking over is one transaction, so it is atomic across processes. */
export function sqliteLeases(db: Database): Pick<RunStore, "lease" | "holder"> {
  const machine = thisMachine();

  /** The live lease, or null where the resource is free, its time is over or its process is gone. */
  function current(row: z.infer<typeof leaseRow> | undefined): (z.infer<typeof leaseRow> & { owner: string }) | null {
    if (!row || row.owner === null || row.expires_at <= db.clock.now().getTime()) return null;
    if (row.machine === machine && isGone(row.pid)) return null;
    return { ...row, owner: row.owner };
  }

  function find(resource: string): z.infer<typeof leaseRow> | undefined {
    const row = db.get("select fence, owner, expires_at, machine, pid from leases where resource = ?", resource);
    return row && leaseRow.parse(row);
  }

  function held(resource: string, fence: number): Lease {
    return {
      resource,
      fence,
      async renew(ttlMs) {
        await db.write(() => {
          assertFence(db, { resource, fence });
          const until = db.clock.now().getTime() + ttlMs;
          db.run("update leases set expires_at = ? where resource = ?", until, resource);
        });
      },
      async release() {
        const free = () => db.run("update leases set owner = null where resource = ? and fence = ?", resource, fence);
        // A lease that cannot be released runs out by itself.
        await db.write(free).catch(() => undefined);
      },
    };
  }

  return {
    lease(resource, ttlMs, owner) {
      return db.write(() => {
        const row = find(resource);
        if (current(row)) return null;
        const fence = (row?.fence ?? 0) + 1;
        db.run(
          "insert or replace into leases (resource, fence, owner, expires_at, machine, pid) values (?, ?, ?, ?, ?, ?)",
          resource,
          fence,
          owner,
          db.clock.now().getTime() + ttlMs,
          machine,
          process.pid,
        );
        return held(resource, fence);
      });
    },
    holder(resource) {
      return db.read(() => {
        const row = current(find(resource));
        return row && { owner: row.owner, expiresAt: new Date(row.expires_at) };
      });
    },
  };
}

/**
 * Throws FenceLost unless the lease is the newest of its resource and not released. A lease past its time that nobody took goes on:
 * only a takeover, or a release, ends it. Called inside the transaction of the write that it protects.
 */
export function assertFence(db: Database, lease: Pick<Lease, "resource" | "fence">): void {
  const mine = db.get(
    "select 1 from leases where resource = ? and fence = ? and owner is not null",
    lease.resource,
    lease.fence,
  );
  if (mine) return;
  throw new FenceLost(
    `The lease on ${lease.resource} is no longer ours: its time ran out and another process took over.`,
    {
      hint: "Nothing more is written here; the process that took over finishes the work. `millrace status` shows it.",
    },
  );
}

/** True when no process of this number runs here any more, e.g. after kill -9: its leases need not run out first. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}

/**
 * Names the space in which process numbers mean the same. Containers may share a host name and a store, but not their numbers,
 * and a restart of the machine gives numbers anew: on Linux the boot and the PID namespace are part of the name.
 */
function thisMachine(): string {
  if (process.platform !== "linux") return hostname();
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${hostname()} ${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return hostname();
  }
}
