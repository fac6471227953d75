import { fieldTypesSchema } from "../records.ts";
import type { RunStore } from "../store.ts";
import type { Database } from "./database.ts";

/** What is known of targets, whichever syncs use them. */
export function sqliteTargets(db: Database): Pick<RunStore, "fieldTypes" | "saveFieldTypes"> {
  return {
    fieldTypes: (target) =>
      db.read(() => {
        const text = db.get("select field_types from targets where name = ?", target)?.field_types;
        return typeof text === "string" ? fieldTypesSchema.parse(JSON.parse(text)) : null;
      }),
    async saveFieldTypes(target, types) {
      await db.write(() =>
        db.run("insert or replace into targets (name, field_types) values (?, ?)", target, JSON.stringify(types)),
      );
    },
  };
}
