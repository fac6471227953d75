import { ConfigError } from "../../core/errors.ts";
import type { Row, Value } from "../../core/value.ts";
import type { Target } from "../../destinations/connector.ts";

/** `--options`: what a sync has in `to:` besides account and target, as written and as the target reads it. */
export function readOptions(target: Target, name: string, text: string): { raw: Row; parsed: unknown } {
  const raw = parseJson(text, "--options");
  const parsed = target.options.safeParse(raw);
  if (parsed.success) return { raw: raw as Row, parsed: parsed.data };
  const told = parsed.error.issues.map((issue) => `${issue.path.join(".") || "options"}: ${issue.message}`).join("; ");
  throw new ConfigError(`--options does not fit target ${name}: ${told}`, {
    hint: "`millrace connectors NAME` lists the options; they are those of `to:` without account and target.",
  });
}

export function parseJson(text: string, where: string): Value {
  try {
    return JSON.parse(text) as Value;
  } catch (cause) {
    throw new ConfigError(`${where}: this is no JSON`, {
      hint: "One JSON object a line for rows, one JSON object for --options.",
      cause,
    });
  }
}
