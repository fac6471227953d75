import type { DatabaseSync } from "node:sqlite";
import { storeFailure } from "./failures.ts";

interface Write {
  readonly work: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

type Outcome = { readonly value: unknown } | { readonly error: unknown };

export interface GroupCommit {
  /** Runs `work` inside a transaction. Resolves when it is on disk; rejects, alone, when it throws. */
  write<T>(work: () => T): Promise<T>;
  /** Commits what is waiting. */
  flush(): void;
}

/**
 * Writes of one turn of the event loop share one transaction, hence one wait for the disk (0.3–0.7 ms, the dearest thing a
 * store does). SQLite answers synchronously, so whatever happens during a commit is waiting together for the next one.
 * Each write has a savepoint: its failure undoes and rejects that write only.
 */
export function groupCommit(db: DatabaseSync, path: string): GroupCommit {
  const begin = db.prepare("begin immediate");
  const commit = db.prepare("commit");
  const savepoint = db.prepare("savepoint one_write");
  const undo = db.prepare("rollback to one_write");
  const release = db.prepare("release one_write");
  let waiting: Write[] = [];

  function attempt(write: Write): Outcome {
    savepoint.run();
    try {
      const value = write.work();
      release.run();
      return { value };
    } catch (error) {
      // Some failures (a full disk, for one) make SQLite give up the whole transaction: https://www.sqlite.org/lang_transaction.html
      if (!db.isTransaction) throw error;
      undo.run();
      release.run();
      return { error };
    }
  }

  function flush(): void {
    const group = waiting;
    waiting = [];
    if (group.length === 0) return;
    const outcomes: Outcome[] = [];
    try {
      begin.run();
      for (const write of group) outcomes.push(attempt(write));
      commit.run();
    } catch (error) {
      rollback(db);
      const failure = storeFailure(error, path);
      for (const write of group) write.reject(failure);
      return;
    }
    for (const [i, write] of group.entries()) {
      const outcome = outcomes[i];
      if (outcome && "value" in outcome) write.resolve(outcome.value);
      else write.reject(storeFailure(outcome?.error, path));
    }
  }

  return {
    write<T>(work: () => T): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        if (waiting.length === 0) setImmediate(flush);
        waiting.push({ work, resolve: (value) => resolve(value as T), reject });
      });
    },
    flush,
  };
}

function rollback(db: DatabaseSync): void {
  if (!db.isOpen || !db.isTransaction) return;
  try {
    db.exec("rollback");
  } catch {
    // The failure that led here is the one to report; an open transaction ends with the connection at the latest.
  }
}
