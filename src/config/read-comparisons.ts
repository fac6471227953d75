import type { Comparison, Literal, Operand, Order, ValueType } from "../core/declared.ts";
import { type Bound, boundWords, contradiction } from "./contradiction.ts";
import type { RuleReading } from "./declared-names.ts";
import { error, type Place, warning } from "./fault.ts";
import { listed, meant } from "./nearest.ts";
import { regexFault } from "./regex.ts";
import { keyAt, placeAt, type SourcePath } from "./source.ts";
import { isDay, momentForm, momentOf, spanOf } from "./span.ts";

/** Something with a value: a trait, a property, a column. */
export interface Subject {
  readonly name: string;
  readonly what: "trait" | "property" | "column";
  readonly type: ValueType;
}

type OperandYaml =
  | Literal
  | { readonly trait: string; readonly times?: number | undefined; readonly plus?: number | undefined };

export interface ComparisonsYaml {
  readonly eq?: OperandYaml | undefined;
  readonly ne?: OperandYaml | undefined;
  readonly gt?: OperandYaml | undefined;
  readonly gte?: OperandYaml | undefined;
  readonly lt?: OperandYaml | undefined;
  readonly lte?: OperandYaml | undefined;
  readonly in?: readonly Literal[] | undefined;
  readonly not_in?: readonly Literal[] | undefined;
  readonly matches?: string | undefined;
  readonly contains?: string | undefined;
  readonly starts_with?: string | undefined;
  readonly ends_with?: string | undefined;
  readonly exists?: boolean | undefined;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  readonly within?: string | undefined;
}

const orders: readonly Order[] = ["eq", "ne", "gt", "gte", "lt", "lte"];
const texts = ["matches", "contains", "starts_with", "ends_with"] as const;
const isTime = (type: ValueType): boolean => type === "date" || type === "timestamp";

/** The comparisons of one condition, typed. Faults are pushed; what is faulty is left out. */
export function readComparisons(
  yaml: ComparisonsYaml,
  path: SourcePath,
  subject: Subject,
  reading: RuleReading,
): Comparison[] {
  const found: Comparison[] = [];
  const at = (key: string): SourcePath => [...path, key];
  for (const op of orders) {
    const given = yaml[op];
    if (given === undefined) continue;
    const to = readOperand(op, given, at(op), subject, reading);
    if (to !== undefined) found.push({ op, to });
  }
  for (const op of ["in", "not_in"] as const) {
    const values = yaml[op];
    if (values === undefined) continue;
    for (const [i, value] of values.entries()) constant(value, [...at(op), i], subject, reading);
    found.push({ op, values });
  }
  for (const op of texts) {
    const text = yaml[op];
    if (text === undefined) continue;
    const place = placeAt(reading.root, at(op));
    if (subject.type !== "text" && subject.type !== "unknown") {
      reading.faults.push(
        error(keyAt(reading.root, at(op)), `${op} looks into text, and ${described(subject)}`, otherThanText(subject)),
      );
    }
    const fault = op === "matches" ? regexFault(text) : undefined;
    if (fault !== undefined)
      reading.faults.push(
        error(place, `"matches": ${fault}`, "use what every warehouse knows: classes, groups, * + ? {n}, ^ $ and |"),
      );
    infer("text", place, subject, reading);
    found.push({ op, text });
  }
  for (const [key, op] of [
    ["before", "lt"],
    ["after", "gt"],
  ] as const) {
    const text = yaml[key];
    if (text === undefined) continue;
    const moment = momentOf(text);
    notATime(key, at(key), subject, reading);
    if (moment === undefined)
      reading.faults.push(
        error(placeAt(reading.root, at(key)), `"${text}" is no day and no time ago`, `write ${momentForm}`),
      );
    else found.push({ op, to: { moment } });
  }
  if (yaml.within !== undefined) {
    notATime("within", at("within"), subject, reading);
    const span = spanOf(yaml.within);
    if (span !== undefined) found.push({ op: "within", span });
  }
  if (yaml.exists !== undefined) found.push({ op: "exists", is: yaml.exists ? "there" : "missing" });
  const never = contradiction(found.flatMap(boundOf));
  if (never !== undefined) {
    const message = `no ${subject.name} is both ${never.map(boundWords).join(" and ")}: nothing would ever fit`;
    const mend = "turn them round, or write two conditions under any";
    reading.faults.push(warning(keyAt(reading.root, path), message, mend));
  }
  return found;
}

/** What is held against a number or a day, the whole of it. */
function boundOf(comparison: Comparison): Bound[] {
  if (!("to" in comparison)) return [];
  const { op, to } = comparison;
  if ("literal" in to && typeof to.literal === "number") return [{ op, to: to.literal }];
  return "moment" in to && "day" in to.moment ? [{ op, to: to.moment.day }] : [];
}

function notATime(key: string, path: SourcePath, subject: Subject, reading: RuleReading): void {
  const place = keyAt(reading.root, path);
  if (isTime(subject.type) || subject.type === "unknown") {
    infer("timestamp", place, subject, reading);
    return;
  }
  const mend =
    subject.type === "text"
      ? `if it is one, give the ${subject.what} a type: date or timestamp`
      : otherThanText(subject);
  reading.faults.push(error(place, `${key} is about a day or time, and ${described(subject)}`, mend));
}

function readOperand(
  op: Order,
  given: OperandYaml,
  path: SourcePath,
  subject: Subject,
  reading: RuleReading,
): Operand | undefined {
  if (typeof given === "object") {
    const type = reading.names.traits.get(given.trait);
    const place = placeAt(reading.root, [...path, "trait"]);
    if (subject.what !== "trait") {
      reading.faults.push(
        error(place, `a ${subject.what} is held against constants, not against a trait`, "write a value"),
      );
      return undefined;
    }
    if (type === undefined) {
      const known = [...reading.names.traits.keys()];
      reading.faults.push(error(place, `there is no trait "${given.trait}"`, meant(given.trait, known, "traits")));
      return undefined;
    }
    const { times = 1, plus = 0 } = given;
    const sums = times !== 1 || plus !== 0;
    if (kindOf(type) !== kindOf(subject.type) && type !== "unknown" && subject.type !== "unknown") {
      const alike = [...reading.names.traits].filter(
        ([name, other]) => name !== subject.name && kindOf(other) === kindOf(subject.type),
      );
      const mend =
        alike.length === 0
          ? "hold it against a value"
          : `name one that is ${article(subject.type)} too: ${listed(alike.map(([name]) => name))}`;
      reading.faults.push(error(place, `${described(subject)}, and ${given.trait} is ${article(type)}`, mend));
    } else if (sums && type !== "number" && type !== "unknown") {
      reading.faults.push(
        error(place, `${given.trait} is ${article(type)}: times and plus need a number`, "leave them out"),
      );
    }
    return { trait: given.trait, times, plus };
  }
  constant(given, path, subject, reading);
  const ordered = op !== "eq" && op !== "ne";
  if (typeof given === "boolean" && ordered) {
    reading.faults.push(
      error(placeAt(reading.root, path), `${given} has no order: ${op} needs a number, text or day`, "write eq"),
    );
  }
  if (isTime(subject.type) && typeof given === "string" && isDay(given)) return { moment: { day: given } };
  return { literal: given };
}

/** Holds a constant against the type; infers the type where nothing says it. */
function constant(value: Literal, path: SourcePath, subject: Subject, reading: RuleReading): void {
  const place = placeAt(reading.root, path);
  const is: ValueType = typeof value === "string" ? "text" : typeof value === "number" ? "number" : "boolean";
  if (subject.type === "unknown") {
    infer(is === "text" && isDay(String(value)) ? "unknown" : is, place, subject, reading);
    return;
  }
  if (isTime(subject.type)) {
    if (typeof value === "string" && isDay(value)) return;
    const shown = typeof value === "string" ? `"${value}"` : String(value);
    reading.faults.push(
      error(place, `${described(subject)}, and ${shown} is no day`, "write 2026-03-01, or use before, after or within"),
    );
    return;
  }
  if (is === subject.type) return;
  const quoted = typeof value === "string";
  reading.faults.push(
    error(
      place,
      `${described(subject)}, and ${quoted ? `"${value}"` : String(value)} is ${article(is)}`,
      constantMend(value, subject),
    ),
  );
}

/** What a constant of the wrong type should be. */
function constantMend(value: Literal, { type, what }: Subject): string {
  if (type === "text") return `quote it: "${String(value)}", or give the ${what} a type if it is none`;
  if (type === "boolean") return "write true or false, without quotes";
  return typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value)
    ? `write ${value} without quotes`
    : "write a number, such as 5";
}

/** What may be asked of a number, a day or a truth value. */
const otherThanText = ({ type }: Subject): string =>
  type === "boolean"
    ? "use eq or exists"
    : isTime(type)
      ? "use before, after or within"
      : "use eq, ne, gt, gte, lt, lte or in";

/** Nothing says what a trait is: then whatever it is held against first does, and later uses must agree. */
function infer(type: ValueType, place: Place, subject: Subject, { inferred, faults }: RuleReading): void {
  if (subject.type !== "unknown" || type === "unknown") return;
  const key = `${subject.what} ${subject.name}`;
  const before = inferred.get(key);
  if (before === undefined) inferred.set(key, { type, place });
  else if (kindOf(before.type) !== kindOf(type)) {
    const where = `${before.place.file}:${before.place.line}`;
    const message = `${subject.name} is held against ${article(type)} here and against ${article(before.type)} in ${where}`;
    faults.push(error(place, message, `mend one of them, or give the ${subject.what} a type`));
  }
}

const kindOf = (type: ValueType): string => (isTime(type) ? "time" : type);
const article = (type: ValueType): string =>
  type === "text" ? "text" : type === "boolean" ? "true or false" : `a ${type}`;
const described = ({ name, type }: Subject): string => `${name} is ${article(type)}`;
