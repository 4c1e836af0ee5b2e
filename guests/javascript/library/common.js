// CommonJS: `require`, `module.exports`.
import native from "internal:native";
import assert from "node:assert";
import * as buffer from "node:buffer";
import crypto from "node:crypto";
import events from "node:events";
import fs from "node:fs";
import promises from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import perf from "node:perf_hooks";
import process from "node:process";
import querystring from "node:querystring";
import readline from "node:readline";
import readlinePromises from "node:readline/promises";
import stream from "node:stream";
import streamPromises from "node:stream/promises";
import stringDecoder from "node:string_decoder";
import timers from "node:timers";
import timersPromises from "node:timers/promises";
import url from "node:url";
import util from "node:util";

const BUILT_IN = {
    "node:assert": assert, "node:buffer": buffer, "node:crypto": crypto, "node:events": events, "node:fs": fs, "node:fs/promises": promises,
    "node:os": os, "node:path": path, "node:perf_hooks": perf, "node:process": process, "node:querystring": querystring,
    "node:readline": readline, "node:readline/promises": readlinePromises, "node:stream": stream, "node:stream/promises": streamPromises,
    "node:string_decoder": stringDecoder, "node:timers": timers, "node:timers/promises": timersPromises, "node:url": url, "node:util": util,
    "node:assert/strict": assert.strict, "node:path/posix": path, "node:util/types": util.types,
};

const loaded = new Map();
let main;

export function makeRequire(base) {
    const resolve = (name) => {
        try {
            return native.resolve(base, `${name}`);
        } catch (error) {
            if (error.code === "ERR_MODULE_NOT_FOUND") error.code = "MODULE_NOT_FOUND";
            throw error;
        }
    };
    const require = (name) => {
        const file = resolve(name);
        return BUILT_IN[file] ?? load(file.startsWith("/") ? file : `/${file}`).exports;
    };
    require.resolve = resolve;
    require.main = main;
    require.cache = {};
    return require;
}

function load(file) {
    const known = loaded.get(file);
    if (known !== undefined) return known;
    const text = native.readModule(file);
    if (file.endsWith(".json")) {
        const module = { exports: JSON.parse(text) };
        loaded.set(file, module);
        return module;
    }
    if (/^\s*(?:export\s*[{*\w]|import\s*[{*"'\w])/m.test(text) && !native.isCommon(file, text)) {
        throw Object.assign(new Error(`require() of ES module ${file} is not supported: use import`), { code: "ERR_REQUIRE_ESM" });
    }
    return evaluate(file, file, text);
}

function evaluate(file, name, text) {
    const module = { exports: {}, id: file, filename: file, loaded: false, children: [], paths: [] };
    loaded.set(file, module);
    try {
        const require = makeRequire(file);
        module.require = require;
        native.compile(text, name).call(module.exports, module.exports, require, module, file, path.dirname(file));
        module.loaded = true;
    } catch (error) {
        loaded.delete(file);
        throw error;
    }
    return module;
}

/** Runs a program that is written as a CommonJS module, and gives what it exports. */
export function runCommon(name, text) {
    const file = name.startsWith("/") ? name : `/${name}`;
    const module = { exports: {}, id: ".", filename: file, loaded: false, children: [], paths: [] };
    loaded.set(file, module);
    main = module;
    const require = makeRequire(file);
    module.require = require;
    native.compile(text, name).call(module.exports, module.exports, require, module, file, path.dirname(file));
    module.loaded = true;
    const exports = module.exports;
    return typeof exports === "function" ? { default: exports, [exports.name || "default"]: exports } : exports;
}
