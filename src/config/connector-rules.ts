import type { z } from "zod";
import type { Op } from "../core/change.ts";
import type { FieldType, Mode } from "../core/sync.ts";

/**
 * What the project's files are held against: the part of a connector that says how it is configured.
 * Every Connector of the registry is one; named here so that config knows no connector's code.
 */
export interface ConnectorRules {
  readonly id: string;
  /** Shape of `accounts.<name>` without `connector`. */
  readonly account: z.ZodType;
  readonly targets: Readonly<Record<string, TargetRules>>;
  accountKey(account: unknown): string;
}

export interface TargetRules {
  readonly kind: "records" | "list" | "stream";
  /** `to:` without account and target. */
  readonly options: z.ZodType;
  readonly identifiers: readonly string[];
  readonly needsMatch: boolean;
  readonly fields: { readonly known: Readonly<Record<string, FieldType>>; readonly others: "allowed" | "refused" };
  readonly ops: readonly Op[];
  readonly modes: readonly Mode[];
  readonly onlyIfEmpty: boolean;
  object(options: unknown): string;
  /** Throws ConfigError where options and sync contradict each other. */
  shape?(options: unknown, sync: SyncShape): unknown;
}

/** What a target is told of a sync that has not been planned. */
export interface SyncShape {
  readonly name: string;
  readonly runId: string;
  readonly mode: Mode;
  readonly match: readonly string[];
  readonly fields: readonly string[];
  readonly onlyIfEmpty: readonly string[];
  readonly plannedRows: number;
  readonly removes: number;
  readonly createdAt: Date;
}

export type Connectors<C extends ConnectorRules = ConnectorRules> = Readonly<Record<string, C>>;
