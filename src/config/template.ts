import type { TemplatePart } from "../core/sync.ts";

export type ParsedTemplate =
  | { readonly parts: readonly TemplatePart[] }
  /** `offset` counts characters of the template from 0. */
  | { readonly fault: string; readonly offset: number };

const column = /^\s*([\p{L}_][\p{L}\p{N}_$]*)\s*$/u;

/** `{{ order_count }} orders`: text and columns, nothing else. No filters, no expressions: SQL is the place for those. */
export function parseTemplate(template: string): ParsedTemplate {
  const parts: TemplatePart[] = [];
  let from = 0;
  while (from < template.length) {
    const open = template.indexOf("{{", from);
    const text = template.slice(from, open === -1 ? undefined : open);
    const stray = /\}\}|\{[%#]/.exec(text);
    if (stray !== null) return { fault: `"${stray[0]}" has no place in a template`, offset: from + stray.index };
    if (text !== "") parts.push({ text });
    if (open === -1) break;
    const close = template.indexOf("}}", open);
    if (close === -1) return { fault: 'a "{{" is not closed', offset: open };
    const inside = template.slice(open + 2, close);
    const name = column.exec(inside)?.[1];
    if (name === undefined) return { fault: `"{{${inside}}}" is no column`, offset: open };
    parts.push({ column: name });
    from = close + 2;
  }
  return { parts };
}

export const templateForm = "inside {{ }} stands one column's name; compute in the model";
