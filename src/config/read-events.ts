import type { z } from "zod";
import type { EventDeclaration, ValueType } from "../core/declared.ts";
import { type DeclaredFile, keysOf } from "./declared-file.ts";
import type { RuleReading } from "./declared-names.ts";
import type { eventsSchema } from "./declared-schema.ts";
import { error } from "./fault.ts";
import { pick } from "./materialise.ts";
import { readProfile } from "./read-profile.ts";
import { readFilters } from "./read-rule.ts";
import { keyAt } from "./source.ts";

/** The events of one file, into `events`: undefined where the file has faults. */
export function readEvents(
  { root, data, value }: DeclaredFile<z.output<typeof eventsSchema>>,
  events: Map<string, EventDeclaration | undefined>,
  reading: RuleReading,
): void {
  for (const name of keysOf(pick(data, ["events"]))) {
    const place = keyAt(root, ["events", name]);
    if (events.has(name))
      reading.faults.push(error(place, `the event "${name}" is there already`, "give one of them another name"));
    const yaml = value?.events[name];
    if (yaml === undefined) {
      events.set(name, undefined);
      continue;
    }
    const properties = Object.entries(yaml.properties ?? {}).map(([property, given]) => {
      const plain = typeof given === "string" ? { column: given } : given;
      return [property, { ...plain, type: plain.type ?? ("unknown" as ValueType) }] as const;
    });
    events.set(name, {
      name,
      model: yaml.model,
      profile: readProfile(yaml.profile, ["events", name, "profile"], reading),
      at: yaml.at,
      key: yaml.key,
      arrived: yaml.arrived,
      where: readFilters(yaml.where, ["events", name, "where"], reading),
      properties: new Map(properties),
      volume: yaml.volume,
      origin: { file: place.file, line: place.line },
    });
  }
}
