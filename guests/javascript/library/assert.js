// Node's assertions, strict and loose.
import { brand } from "internal:brand";
import { inspect } from "internal:inspect";

export class AssertionError extends Error {
    constructor({ message, actual, expected, operator }) {
        super(message);
        this.name = "AssertionError";
        this.code = "ERR_ASSERTION";
        this.generatedMessage = false;
        Object.assign(this, { actual, expected, operator });
    }
}

function fail_(message, fallback, actual, expected, operator) {
    if (message instanceof Error) throw message;
    throw new AssertionError({ message: message ?? fallback, actual, expected, operator });
}

export function ok(value, message) {
    if (!value) fail_(message, "The expression evaluated to a falsy value", value, true, "==");
}

export function equal(actual, expected, message) {
    if (!(actual == expected || (actual !== actual && expected !== expected))) fail_(message, `${inspect(actual)} == ${inspect(expected)}`, actual, expected, "==");
}

export function notEqual(actual, expected, message) {
    if (actual == expected) fail_(message, `${inspect(actual)} != ${inspect(expected)}`, actual, expected, "!=");
}

export function strictEqual(actual, expected, message) {
    if (!Object.is(actual, expected)) fail_(message, `Expected values to be strictly equal:\n\n${inspect(actual)} !== ${inspect(expected)}\n`, actual, expected, "strictEqual");
}

export function notStrictEqual(actual, expected, message) {
    if (Object.is(actual, expected)) fail_(message, `Expected "actual" to be strictly unequal to: ${inspect(expected)}`, actual, expected, "notStrictEqual");
}

export function deepStrictEqual(actual, expected, message) {
    if (!same(actual, expected, true, [])) fail_(message, `Expected values to be strictly deep-equal:\n${inspect(actual)}\n\nshould loosely deep-equal\n\n${inspect(expected)}`.replace("should loosely deep-equal", "should equal"), actual, expected, "deepStrictEqual");
}

export function deepEqual(actual, expected, message) {
    if (!same(actual, expected, false, [])) fail_(message, `Expected values to be loosely deep-equal:\n\n${inspect(actual)}\n\nshould loosely deep-equal\n\n${inspect(expected)}`, actual, expected, "deepEqual");
}

export function notDeepStrictEqual(actual, expected, message) {
    if (same(actual, expected, true, [])) fail_(message, `Expected "actual" not to be strictly deep-equal to: ${inspect(expected)}`, actual, expected, "notDeepStrictEqual");
}

export function notDeepEqual(actual, expected, message) {
    if (same(actual, expected, false, [])) fail_(message, `Expected "actual" not to be loosely deep-equal to: ${inspect(expected)}`, actual, expected, "notDeepEqual");
}

export function fail(message = "Failed") {
    fail_(message, "Failed", undefined, undefined, "fail");
}

export function ifError(value) {
    if (value !== null && value !== undefined) throw value;
}

export function match(text, pattern, message) {
    if (!pattern.test(text)) fail_(message, `The input did not match the regular expression ${inspect(pattern)}. Input:\n\n${inspect(text)}\n`, text, pattern, "match");
}

export function doesNotMatch(text, pattern, message) {
    if (pattern.test(text)) fail_(message, `The input was expected to not match the regular expression ${inspect(pattern)}. Input:\n\n${inspect(text)}\n`, text, pattern, "doesNotMatch");
}

export function throws(action, expected, message) {
    if (typeof expected === "string") [expected, message] = [undefined, expected];
    let thrown;
    try {
        action();
    } catch (error) {
        thrown = { error };
    }
    if (thrown === undefined) fail_(message, "Missing expected exception.", undefined, expected, "throws");
    verify(thrown.error, expected, message);
}

export async function rejects(action, expected, message) {
    let thrown;
    try {
        await (typeof action === "function" ? action() : action);
    } catch (error) {
        thrown = { error };
    }
    if (thrown === undefined) fail_(message, "Missing expected rejection.", undefined, expected, "rejects");
    verify(thrown.error, expected, message);
}

export function doesNotThrow(action, message) {
    try {
        action();
    } catch (error) {
        fail_(typeof message === "string" ? message : undefined, `Got unwanted exception.\nActual message: "${error?.message}"`, error, undefined, "doesNotThrow");
    }
}

function verify(error, expected, message) {
    if (expected === undefined) return;
    if (expected instanceof RegExp) {
        if (expected.test(String(error))) return;
    } else if (typeof expected === "function") {
        if (expected.prototype !== undefined && error instanceof expected) return;
        if (Error.isPrototypeOf(expected)) throw error;
        if (expected.call({}, error) === true) return;
    } else if (Object.keys(expected).concat(expected instanceof Error ? ["name", "message"] : []).every((key) => (expected[key] instanceof RegExp && typeof error[key] === "string" ? expected[key].test(error[key]) : same(error[key], expected[key], true, [])))) {
        return;
    }
    fail_(message, `The error is not what was expected: ${inspect(error)}`, error, expected, "throws");
}

export function isDeepStrictEqual(actual, expected) {
    return same(actual, expected, true, []);
}

/** Whether two values are made of equal parts. `pairs` holds those that are being compared already. */
function same(a, b, strict, pairs) {
    if (strict ? Object.is(a, b) : a == b || (a !== a && b !== b)) return true;
    if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
    if (strict && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
    const kind = brand(a);
    if (kind !== brand(b) || Array.isArray(a) !== Array.isArray(b)) return false;
    if (pairs.some(([left, right]) => left === a && right === b)) return true;
    return sameContent(a, b, kind, strict, [...pairs, [a, b]]);
}

function sameContent(a, b, brand, strict, pairs) {
    if (brand === "Date" && a.getTime() !== b.getTime()) return false;
    if (brand === "RegExp" && String(a) !== String(b)) return false;
    if (brand === "Error" && (a.message !== b.message || a.name !== b.name)) return false;
    if (["Number", "String", "Boolean", "BigInt"].includes(brand) && !Object.is(a.valueOf(), b.valueOf())) return false;
    if (brand === "Set" && !sameSet(a, b, strict, pairs)) return false;
    if (brand === "Map" && !sameMap(a, b, strict, pairs)) return false;
    const keys = ownKeys(a);
    if (keys.length !== ownKeys(b).length || (Array.isArray(a) && a.length !== b.length)) return false;
    return keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key], strict, pairs));
}

function ownKeys(value) {
    return [...Object.keys(value), ...Object.getOwnPropertySymbols(value).filter((key) => Object.prototype.propertyIsEnumerable.call(value, key))];
}

function sameSet(a, b, strict, pairs) {
    if (a.size !== b.size) return false;
    const left = [...b];
    return [...a].every((item) => {
        const at = left.findIndex((other) => same(item, other, strict, pairs));
        if (at >= 0) left.splice(at, 1);
        return at >= 0;
    });
}

function sameMap(a, b, strict, pairs) {
    if (a.size !== b.size) return false;
    return [...a].every(([key, value]) => {
        if (b.has(key)) return same(value, b.get(key), strict, pairs);
        return [...b].some(([otherKey, otherValue]) => same(key, otherKey, strict, pairs) && same(value, otherValue, strict, pairs));
    });
}

const members = { AssertionError, ok, equal, notEqual, strictEqual, notStrictEqual, deepEqual, deepStrictEqual, notDeepEqual, notDeepStrictEqual, fail, ifError, match, doesNotMatch, throws, rejects, doesNotThrow };
function assert(value, message) {
    ok(value, message);
}
Object.assign(assert, members);
export const strict = Object.assign((value, message) => ok(value, message), members, { equal: strictEqual, deepEqual: deepStrictEqual, notEqual: notStrictEqual, notDeepEqual: notDeepStrictEqual });
assert.strict = strict;
strict.strict = strict;
export default assert;
