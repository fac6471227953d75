import { describe, expect, it } from "vitest";
import { comment, jinjaText, literal } from "../../src/rules/literal.ts";

describe("a constant in compiled SQL", () => {
  it("stands quoted where it is plain", () => {
    expect(literal("United Kingdom")).toBe("'United Kingdom'");
    expect(literal("naïve 日本 +44 a@b.example")).toBe("'naïve 日本 +44 a@b.example'");
    expect(literal(-5.5)).toBe("-5.5");
    expect(literal(true)).toBe("true");
  });

  it("goes through the dispatched macro where SQL or Jinja could read it", () => {
    for (const text of [
      "O'Brien",
      "'; drop table x; --",
      "{{ env_var('HOME') }}",
      "{% do x %}",
      "{# #}",
      "a\\",
      "a\nb",
      '"',
      "50%",
    ]) {
      expect(literal(text)).toMatch(/^\{\{ millrace\.text_literal\("[^"\\\n]*(\\[uU][0-9a-f]+[^"\\\n]*)*"\) \}\}$/);
    }
  });

  it("leaves Jinja nothing to read inside its text", () => {
    expect(jinjaText("a{{b}}%}'\"\\\n😀")).toBe(
      `"a\\u007b\\u007bb\\u007d\\u007d\\u0025\\u007d'\\u0022\\u005c\\u000a\\U0001f600"`,
    );
  });

  it("writes numbers beyond an engine's decimals as a double, and refuses what is none", () => {
    expect(literal(1e21)).toBe("cast('1e+21' as {{ millrace.type_double() }})");
    expect(() => literal(Number.NaN)).toThrow(RangeError);
  });

  it("keeps a comment on its line, and dbt out of it", () => {
    expect(comment("a\n{{ x }} -- {% y %}")).toBe("a x -- % y %");
  });
});
