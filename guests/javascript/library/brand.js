// The kind of an object, which no program can change. The engine has a number for each; which, is learned from examples.
import native from "internal:native";

const EXAMPLES = {
    Object: {}, Error: new Error(), Date: new Date(0), RegExp: /x/, Map: new Map(), Set: new Set(), Promise: Promise.resolve(),
    ArrayBuffer: new ArrayBuffer(0), SharedArrayBuffer: new SharedArrayBuffer(0), DataView: new DataView(new ArrayBuffer(0)),
    WeakMap: new WeakMap(), WeakSet: new WeakSet(), WeakRef: new WeakRef({}), Number: Object(0), String: Object(""), Boolean: Object(true),
    Symbol: Object(Symbol()), BigInt: Object(0n), Generator: (function* () {})(), AsyncGenerator: (async function* () {})(),
    "Map Iterator": new Map().keys(), "Set Iterator": new Set().keys(), "Array Iterator": [].keys(), "String Iterator": ""[Symbol.iterator](),
};

const names = new Map(Object.entries(EXAMPLES).map(([name, example]) => [native.kind(example), name]));
names.set(native.kind((function () { return arguments; })()), "Arguments");
names.set(native.kind(new Function("return arguments")()), "Arguments");

export function brand(value) {
    return names.get(native.kind(value));
}
