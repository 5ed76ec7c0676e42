import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type FieldTable, type FieldValue, longString } from "../message/field-table.ts";
import { type Selector, selects } from "./jms-selector.ts";
import { parseSelector } from "./jms-term.ts";

const headers: FieldTable = new Map<string, FieldValue>([
  ["age", { type: "I", value: 30 }],
  ["big", { type: "l", value: 9_007_199_254_740_993n }],
  ["price", { type: "d", value: 9.5 }],
  ["name", longString("Smith & Söhne")],
  ["isNew", { type: "t", value: true }],
  ["list", { type: "A", value: [] }],
]);

const header = (name: string) => `{ident,<<"${name}">>}`;

function isFor(text: string): boolean | undefined {
  const selector = parseSelector(text);
  return selector === undefined ? undefined : selects(selector, headers);
}

test.each([
  [`${header("isNew")}.`, true],
  [`{'not',${header("isNew")}}`, false],
  [`{'<',${header("age")},31}`, true],
  [`{ '>=' , ${header("age")} , 30.5 } .`, false],
  [`{'=',${header("age")},30.0}`, true],
  [`{'=',${header("big")},9007199254740993}`, true],
  [`{'=',${header("big")},9007199254740992}`, false],
  [`{'<>',${header("name")},<<"Smith">>}`, true],
  [`{'=',${header("missing")},1}`, false],
  [`{'not',{'=',${header("missing")},1}}`, false],
  [`{is_null,${header("missing")}}`, true],
  [`{not_null,${header("age")}}`, true],
  [`{'or',{'=',${header("missing")},1},${header("isNew")}}`, true],
  [`{'and',{'=',${header("missing")},1},${header("isNew")}}`, false],
  [`{in,${header("age")},[10,20,30]}`, true],
  [`{not_in,${header("name")},[<<"a">>,<<"b">>]}`, true],
  [`{in,${header("missing")},[]}`, false],
  [`{like,${header("name")},<<"Smith%hne">>,no_escape}`, true],
  [`{like,${header("name")},<<"Smith _ S_hne">>,no_escape}`, true],
  [`{not_like,${header("name")},<<"Sm_th">>,no_escape}`, true],
  [`{like,<<"50%">>,<<"50$%">>,<<"$">>}`, true],
  [`{like,<<"500">>,<<"50$%">>,<<"$">>}`, false],
  [`{like,${header("age")},<<"3%">>,no_escape}`, false],
  [`{between,${header("age")},18,40}`, true],
  [`{between,${header("age")},{range,18,29}}`, false],
  [`{not_between,${header("age")},{range,18,29}}`, true],
  [`{'=',{'*',{'+',${header("age")},10},2},80}`, true],
  [`{'=',{'-',${header("age")}},-30}`, true],
  [`{'=',{'/',${header("age")},0},0}`, false],
  [`{'>',${header("price")},9}`, true],
  [`{is_null,${header("list")}}`, true],
  ["true.", true],
  ["5.", false],
])("%s is for it: %s", (text, expected) => expect(isFor(text)).toBe(expected));

test.each([
  "",
  "{",
  "{ident}",
  "{ident,age}",
  "{foo,1,2}",
  "{'=',1,2} x",
  "[1,2]",
  "os",
  '{like,<<"a">>,<<"b">>}',
  "{constructor,1}",
  "{'=',1,2",
  `${"{'not',".repeat(17)}true${"}".repeat(17)}`,
  `<<"${"x".repeat(70_000)}">>`,
])("%s is no selector", (text) => expect(isFor(text)).toBeUndefined());

describe("whatever comes", () => {
  test("a text is a selector or none, and never an error", () => {
    const piece = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      "<<",
      ">>",
      '"',
      "'",
      ",",
      "1",
      "ident",
      "and",
      "like",
      ".",
      " ",
      "\\",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        isFor(pieces.join(""));
      }),
    );
  });

  test("LIKE is what a regular expression would say, in a time that is bounded", () => {
    const letters = fc.array(fc.constantFrom("a", "b", "%", "_"), { maxLength: 12 });
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", "b")), letters, (text, pattern) => {
        const source = pattern.join("").replaceAll("%", ".*").replaceAll("_", ".");
        const term = `{like,<<"${text.join("")}">>,<<"${pattern.join("")}">>,no_escape}`;
        expect(isFor(term)).toBe(new RegExp(`^${source}$`, "s").test(text.join("")));
      }),
    );
    // As a regular expression this would not end.
    const hard = `{like,<<"${"a".repeat(20_000)}">>,<<"${"%a".repeat(200)}b">>,no_escape}`;
    expect(isFor(hard)).toBe(false);
  });

  test("what is not true of a message and what is not false of it never meet", () => {
    const leaf = fc.constantFrom<Selector>(
      { is: "header", name: "isNew" },
      { is: "header", name: "missing" },
      { is: "value", value: false },
      { is: "=", left: { is: "header", name: "age" }, right: { is: "value", value: 30 } },
    );
    const { tree } = fc.letrec<{ tree: Selector }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        leaf,
        fc.record({ is: fc.constant("not" as const), of: tie("tree") }),
        fc.record({
          is: fc.constantFrom("and" as const, "or" as const),
          left: tie("tree"),
          right: tie("tree"),
        }),
      ),
    }));
    fc.assert(
      fc.property(tree, tree, (left, right) => {
        const both = selects({ is: "and", left, right }, headers);
        expect(both).toBe(selects(left, headers) && selects(right, headers));
        expect(selects(left, headers) && selects({ is: "not", of: left }, headers)).toBe(false);
        // De Morgan holds with unknowns as well.
        const one: Selector = { is: "not", of: { is: "or", left, right } };
        const other: Selector = {
          ...{ is: "and", left: { is: "not", of: left }, right: { is: "not", of: right } },
        };
        expect(selects(one, headers)).toBe(selects(other, headers));
      }),
    );
  });
});
