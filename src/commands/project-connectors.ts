import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { projectFile } from "../config/files.ts";
import type { Connector } from "../destinations/connector.ts";
import { allConnectors, connectorIds, loadConnector } from "../destinations/registry.ts";

/**
 * The connectors that a project's file names, so that a verb does not pay for those it never uses. All of them where the
 * file cannot be read or names one that does not exist: then the fault suggests the nearest.
 */
export async function projectConnectors(dir: string): Promise<Readonly<Record<string, Connector>>> {
  const text = await readFile(join(dir, projectFile), "utf8").catch(() => "");
  const named = [...text.matchAll(/\bconnector\b["']?\s*:\s*(?:["']?([\w-]+))?/g)].map(([, id]) => id ?? "");
  if (named.length === 0 || !named.every((id) => connectorIds.includes(id))) return allConnectors();
  const loaded = await Promise.all([...new Set(named)].map(async (id) => [id, await loadConnector(id)] as const));
  return Object.fromEntries(loaded.flatMap(([id, connector]) => (connector === undefined ? [] : [[id, connector]])));
}
