// Writes src/protocols/amqp091/codec/methods.generated.ts from spec/amqp091.txt:
//   npx tsx scripts/generate-amqp091.ts

import { readFileSync, writeFileSync } from "node:fs";

export const specPath = new URL("../spec/amqp091.txt", import.meta.url);
export const generatedPath = new URL(
  "../src/protocols/amqp091/codec/methods.generated.ts",
  import.meta.url,
);

type Sender = "client" | "server" | "both";

export interface Field {
  /** Undefined for a reserved field. */
  readonly name: string | undefined;
  readonly type: string;
}

export interface Method {
  /** As in "queue.declare-ok". */
  readonly name: string;
  readonly classId: number;
  readonly methodId: number;
  readonly sentBy: Sender;
  readonly isSynchronous: boolean;
  readonly hasContent: boolean;
  readonly fields: readonly Field[];
}

/** How a field type looks in TypeScript, is read, is written, and what a reserved one is written as. */
interface FieldType {
  readonly type: string;
  readonly read: string;
  readonly write: (value: string) => string;
  readonly reserved: string;
}

const number = (name: string): FieldType => ({
  type: "number",
  read: `reader.${name}()`,
  write: (value) => `writer.${name}(${value})`,
  reserved: "0",
});
const fieldTypes: Record<string, FieldType> = {
  octet: number("u8"),
  short: number("u16"),
  long: number("u32"),
  longlong: number("u64"),
  shortstr: {
    type: "string",
    read: "readShortString(reader)",
    write: (value) => `writeShortString(writer, ${value})`,
    reserved: '""',
  },
  longstr: {
    type: "Uint8Array",
    read: "readLongString(reader)",
    write: (value) => `writeLongString(writer, ${value})`,
    reserved: "NO_BYTES",
  },
  table: {
    type: "FieldTable",
    read: "readTable(reader)",
    write: (value) => `writeTable(writer, ${value})`,
    reserved: "EMPTY_TABLE",
  },
};

export function parseSpec(text: string): Method[] {
  const methods: Method[] = [];
  let className = "";
  let classId = 0;
  for (const [index, line] of text.split("\n").entries()) {
    const words = line.replace(/#.*/, "").trim().split(/\s+/);
    if (words[0] === "") continue;
    if (words[0] === "class") {
      className = words[1] ?? "";
      classId = Number(words[2]);
      continue;
    }
    const [method, id, sentBy, ...rest] = words;
    if (!/^(client|server|both)$/.test(sentBy ?? "")) throw new Error(`line ${index + 1}: ${line}`);
    methods.push({
      name: `${className}.${method}`,
      classId,
      methodId: Number(id),
      sentBy: sentBy as Sender,
      isSynchronous: rest.includes("sync"),
      hasContent: rest.includes("content"),
      fields: rest.filter((word) => word.includes(":")).map(parseField),
    });
  }
  return methods;
}

function parseField(word: string): Field {
  const [name = "", type = ""] = word.split(":");
  if (type !== "bit" && fieldTypes[type] === undefined) throw new Error(`unknown type in ${word}`);
  return { name: name === "-" ? undefined : name, type };
}

/** "queue.declare-ok" to "QueueDeclareOk". */
function typeName(method: Method): string {
  return method.name.replace(/(?:^|[.-])(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function idsOf(method: Method): string {
  return `0x${((method.classId << 16) | method.methodId).toString(16).padStart(8, "0")}`;
}

/** Neighbouring bits become one group: they share octets. */
function grouped(fields: readonly Field[]): Field[][] {
  const groups: Field[][] = [];
  for (const field of fields) {
    const last = groups.at(-1);
    const joins = field.type === "bit" && last?.[0]?.type === "bit" && last.length < 8;
    if (joins) last.push(field);
    else groups.push([field]);
  }
  return groups;
}

function emitInterface(method: Method): string {
  const fields = method.fields
    .filter((field) => field.name !== undefined)
    .map((field) => {
      const type = field.type === "bit" ? "boolean" : fieldTypes[field.type]?.type;
      return `  readonly ${field.name}: ${type};\n`;
    });
  return `export interface ${typeName(method)} {\n  readonly name: "${method.name}";\n${fields.join("")}}\n`;
}

function emitDecoder(method: Method): string {
  const steps: string[] = [];
  for (const group of grouped(method.fields)) {
    const [field] = group as [Field];
    if (field.type !== "bit") {
      const read = fieldTypes[field.type]?.read;
      steps.push(field.name === undefined ? `${read};` : `const ${local(field.name)} = ${read};`);
    } else {
      const named = group.some((bit) => bit.name !== undefined);
      steps.push(named ? "const bits = reader.u8();" : "reader.u8();");
      for (const [bit, { name }] of group.entries()) {
        if (name !== undefined) steps.push(`const ${local(name)} = (bits & ${1 << bit}) !== 0;`);
      }
    }
  }
  const members = method.fields.flatMap(({ name }) =>
    name === undefined ? [] : [local(name) === name ? name : `${name}: ${local(name)}`],
  );
  const result = `return { ${[`name: "${method.name}"`, ...members].join(", ")} };`;
  const parameters = steps.length === 0 ? "" : "reader: ByteReader";
  return `function decode${typeName(method)}(${parameters}): ${typeName(method)} {\n${[...steps, result].map((step) => `  ${step}\n`).join("")}}\n`;
}

/** `arguments` may not be a variable in strict code. */
function local(name: string): string {
  return name === "arguments" ? "table" : name;
}

function emitWriter(method: Method): string {
  const steps: string[] = [];
  for (const group of grouped(method.fields)) {
    const [field] = group as [Field];
    const fieldType = fieldTypes[field.type];
    if (fieldType !== undefined) {
      const value = field.name === undefined ? fieldType.reserved : `method.${field.name}`;
      steps.push(`${fieldType.write(value)};`);
    } else {
      const bits = group.flatMap(({ name }, bit) =>
        name === undefined ? [] : [`(method.${name} ? ${1 << bit} : 0)`],
      );
      steps.push(`writer.u8(${bits.length === 0 ? "0" : bits.join(" | ")});`);
    }
  }
  const usesMethod = method.fields.some((field) => field.name !== undefined);
  const parameters = `writer: ByteWriter, channel: number${usesMethod ? `, method: ${typeName(method)}` : ""}`;
  return `function write${typeName(method)}(${parameters}): void {
  const frame = beginMethod(writer, channel, ${idsOf(method)});
${steps.map((step) => `  ${step}\n`).join("")}  endFrame(writer, frame);
}\n`;
}

function emitDirection(side: "client" | "server", methods: readonly Method[]): string {
  const Side = side === "client" ? "Client" : "Server";
  const mine = methods.filter((method) => method.sentBy === side || method.sentBy === "both");
  const decodes = mine.map((method) => {
    const call = `decode${typeName(method)}(${method.fields.length === 0 ? "" : "reader"})`;
    return `    case ${idsOf(method)}:\n      return ${call};\n`;
  });
  const writes = mine.map((method) => {
    const usesMethod = method.fields.some((field) => field.name !== undefined);
    const call = `write${typeName(method)}(writer, channel${usesMethod ? ", method" : ""})`;
    return `    case "${method.name}":\n      return ${call};\n`;
  });
  return `/** What a ${side} may send. */
export type ${Side}Method =
${mine.map((method) => `  | ${typeName(method)}`).join("\n")};

/** Reads the payload of a method frame sent by a ${side}; throws CodecError (501 malformed, 503 not a method of a ${side}). */
export function decode${Side}Method(reader: ByteReader): ${Side}Method {
  return readMethod(reader, decode${Side}ByIds);
}

function decode${Side}ByIds(ids: MethodIds, reader: ByteReader): ${Side}Method | undefined {
  switch (ids) {
${decodes.join("")}    default:
      return undefined;
  }
}

/** Writes the whole frame. */
export function write${Side}Method(writer: ByteWriter, channel: number, method: ${Side}Method): void {
  switch (method.name) {
${writes.join("")}    default:
      return unreachable(method);
  }
}
`;
}

function emitFacts(methods: readonly Method[]): string {
  const rows = methods.map(
    (method) =>
      `  "${method.name}": { classId: ${method.classId}, methodId: ${method.methodId}, sentBy: "${method.sentBy}", synchronous: ${method.isSynchronous}, hasContent: ${method.hasContent} },\n`,
  );
  return `/** What is fixed about each method. */
export const methodFacts = {
${rows.join("")}} as const satisfies Record<string, MethodFacts>;

export type MethodName = keyof typeof methodFacts;

const namesByIds: ReadonlyMap<MethodIds, MethodName> = new Map(
  (Object.keys(methodFacts) as MethodName[]).map((name) => [
    (methodFacts[name].classId << 16) | methodFacts[name].methodId,
    name,
  ]),
);

/** The name of a method, or undefined when there is none with these ids. */
export function methodNameOf(classId: number, methodId: number): MethodName | undefined {
  return namesByIds.get((classId << 16) | methodId);
}
`;
}

/** The text of methods.generated.ts for a spec. */
export function generate(specText: string = readFileSync(specPath, "utf8")): string {
  const methods = parseSpec(specText);
  return [
    `// Generated from spec/amqp091.txt by scripts/generate-amqp091.ts. Do not edit: change the spec and generate again.
// One interface, one straight-line decode and one straight-line write per method, for both sides.

import type { FieldTable } from "../../../broker/message/field-table.ts";
import { unreachable } from "../../../lib/assert.ts";
import type { ByteReader } from "../../../lib/byte-reader.ts";
import type { ByteWriter } from "../../../lib/byte-writer.ts";
import { beginMethod, endFrame, type MethodFacts, type MethodIds, readMethod } from "./method-frame.ts";
import { readLongString, readShortString, writeLongString, writeShortString } from "./strings.ts";
import { readTable, writeTable } from "./table.ts";

const NO_BYTES = new Uint8Array(0);
`,
    ...methods.map(emitInterface),
    emitDirection("client", methods),
    emitDirection("server", methods),
    emitFacts(methods),
    ...methods.map(emitDecoder),
    ...methods.map(emitWriter),
  ].join("\n");
}

if (process.argv[1] !== undefined && import.meta.url.endsWith(process.argv[1])) {
  writeFileSync(generatedPath, generate());
}
