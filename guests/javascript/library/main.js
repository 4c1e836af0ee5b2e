// Puts the library together: what programs find in their global scope, and what the host's requests call.
import native from "internal:native";
import { report } from "internal:errors";
import { inspect } from "internal:inspect";
import { console } from "internal:console";
import * as timers from "internal:timers";
import { structuredClone } from "internal:clone";
import { TextDecoder, TextEncoder } from "internal:encoding";
import { AbortController, AbortSignal, CustomEvent, Event, EventTarget } from "internal:web";
import { URL, URLSearchParams } from "internal:address";
import { fetch } from "internal:fetch";
import { serve } from "internal:serve";
import { Headers, Request, Response } from "internal:messages";
import { ReadableStream } from "internal:streams";
import { tools } from "internal:tools";
import { describe, exporting } from "internal:describe";
import { resultToJson, toJson } from "internal:json";
import { makeRequire, runCommon } from "internal:common";
import { addLocale } from "internal:locale";
import { Buffer } from "node:buffer";
import { webcrypto } from "node:crypto";
import process, { begin, end } from "node:process";
import "node:assert";
import "node:assert/strict";
import "node:fs/promises";
import "node:os";
import "node:perf_hooks";
import "node:path/posix";
import "node:querystring";
import "node:readline";
import "node:readline/promises";
import "node:stream/promises";
import "node:string_decoder";
import "node:timers";
import "node:timers/promises";
import "node:url";
import "node:util";
import "node:util/types";

function define(target, members) {
    for (const [name, value] of Object.entries(members)) {
        Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
    }
}

const { forgetTimers, Timeout, nextTick, ...timerFunctions } = timers;
define(globalThis, {
    ...timerFunctions,
    clearInterval: timers.clearTimeout,
    AbortController, AbortSignal, Buffer, CustomEvent, Event, EventTarget, Headers, ReadableStream, Request, Response, TextDecoder, TextEncoder, URL, URLSearchParams,
    console, crypto: webcrypto, fetch, global: globalThis, process, structuredClone, tools,
    require: makeRequire("<global>"),
});
define(Math, { random: native.random });
addLocale();

let loaded;
let source = "";
let types = {};

const globalEval = eval;

function own(functionName) {
    const found = loaded === undefined ? defined(functionName) : exported(functionName);
    if (typeof found !== "function") throw new TypeError(`\`${functionName}\` is not ${loaded === undefined ? "a" : "an exported"} function`);
    return found;
}

/** What earlier turns have defined, which need not be a property of the global object. */
function defined(name) {
    return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) ? globalEval(`typeof ${name} === "function" ? ${name} : undefined`) : undefined;
}

function exported(functionName) {
    return callable(loaded, functionName) ?? callable(loaded.default, functionName) ?? (functionName === "default" ? loaded.default : undefined);
}

function callable(exports, name) {
    const isContainer = (typeof exports === "object" || typeof exports === "function") && exports !== null;
    return isContainer && Object.hasOwn(exports, name) && typeof exports[name] === "function" ? exports[name] : undefined;
}

/** What the host leaves out at the end of the arguments is `null`, where a parameter has to be given. */
function nullsAfter(count, functionName) {
    const nullable = Object.hasOwn(types, functionName) ? types[functionName].nullable : [];
    const missing = nullable.slice(count);
    return missing.slice(0, missing.lastIndexOf(true) + 1).map((isNull) => (isNull ? null : undefined));
}

export default {
    render: (value, strict) => strict ? [resultToJson(value), ""] : [toJson(value), inspect(value)],
    report: (thrown) => JSON.stringify(report(thrown, inspect, toJson)),
    prepare: (name, values) => begin(name, values),
    finish: () => undefined,
    exitCode: () => end(),
    exporting,
    runCommon,
    keep(exports, text, ofFunctions) {
        loaded = exports;
        source = text;
        types = ofFunctions;
    },
    call: (functionName, values) => own(functionName)(...values, ...nullsAfter(values.length, functionName)),
    describe: () => describe(loaded, source, types),
    serve: (asked) => serve(loaded, asked, process.env),
};
