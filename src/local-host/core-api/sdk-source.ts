/**
 * `@azure/functions` and `durable-functions` are published as TypeScript compiles them for old engines: an async method
 * is a generator function created for every call, a private field is a WeakMap. V8 keeps a shape for each such
 * generator function among its old objects, and that, like the values of a WeakMap, holds everything of the call over
 * the collections of young objects, long after the call is over. Written as the language has them now, the same methods
 * leave nothing behind: half the time of an orchestration on this host was spent on it (bench/local-host/README.md).
 *
 * Only text exactly as the compiler writes it is touched; a file with anything else in it stays as it is.
 */

/** The compiler's helper, whole. */
const AWAITER = /^var __awaiter = .*\n(?: .*\n)*?\};\n/gm;
const NATIVE_AWAITER = "var __awaiter = (thisArg, args, P, body) => body.apply(thisArg, args || []);\n";

/** The first line of a compiled async function; its last one has the same indentation. */
const CALL = "__awaiter(this, ";
const OPENING = /^( *)(.*__awaiter\(this, (?:void 0|arguments), void 0, )function\* \((.*)\) \{$/;
/** Where the compiler puts what stood as `await` in the source. */
const AWAIT = /(^ *|[=(){[,!:?&|+] ?|\b(?:return|throw|typeof|case|of) |\.\.\.)yield (?=[\w$([{"'`!])/gm;
const LEFT_OVER = /\byield\b/;

const PRIVATE_FIELD = /\b(_[A-Z]\w*_\w+) = new Weak(?:Map|Set)\(\)/g;

/**
 * What stands for the WeakMap of a private field: puts a private field of its own on any object, which nobody else sees.
 * (A constructor may return any object; its class then adds its fields to that one.)
 */
const FIELD = `const __privateField = () => {
    class Field extends (function (receiver) { return receiver; }) {
        #value;
        static has(receiver) { return #value in receiver; }
        static get(receiver) { return receiver.#value; }
        static set(receiver, value) { receiver.#value = value; }
    }
    const put = (receiver) => { if (!Field.has(receiver)) new Field(receiver); };
    return {
        has: Field.has,
        get: Field.get,
        add: put,
        set(receiver, value) { put(receiver); Field.set(receiver, value); },
    };
};
`;

/** True for the files that are worth a look. */
export function isSdkFile(url: string): boolean {
  return /\/node_modules\/(?:@azure\/functions|durable-functions)\/.*\.js$/.test(url);
}

/** The same program with native async functions and private fields where the compiler wrote its replacements for them. */
export function nativeSource(source: string): string {
  if (!source.includes(CALL) && !source.includes("new WeakMap()")) return source;
  return nativeFields(nativeAsync(source.replaceAll("\r\n", "\n")));
}

function nativeAsync(source: string): string {
  let done = "";
  let at = 0;
  for (let call = source.indexOf(CALL); call >= 0; call = source.indexOf(CALL, at)) {
    const lineStart = source.lastIndexOf("\n", call) + 1;
    const lineEnd = source.indexOf("\n", call);
    const opening = OPENING.exec(source.slice(lineStart, lineEnd));
    if (opening === null || lineStart < at) return source;
    const [, indent = "", head = "", parameters = ""] = opening;
    const end = source.indexOf(`\n${indent}})`, lineEnd);
    if (end < 0) return source;
    const body = source.slice(lineEnd, end).replace(AWAIT, "$1await ");
    // One within another would need more than this.
    if (LEFT_OVER.test(body) || body.includes(CALL)) return source;
    done += `${source.slice(at, lineStart)}${indent}${head}async function (${parameters}) {${body}`;
    at = end;
  }
  return at === 0 ? source : (done + source.slice(at)).replace(AWAITER, NATIVE_AWAITER);
}

function nativeFields(source: string): string {
  const fields = source.replace(PRIVATE_FIELD, "$1 = __privateField()");
  if (fields === source) return source;
  return fields.startsWith('"use strict";') ? `"use strict";${FIELD}${fields.slice(13)}` : FIELD + fields;
}
