const fs = require("fs");

const arrays = new Map(), log = [];
const names = ["a", "b", "d/a", "d/b"];
let last = performance.now();
fs.mkdirSync("/tmp/d");

const put = (data) => fs.writeSync(1, data);
const say = (text) => put(`${text}\n`);
const path = (name) => "/tmp/" + names[name];
const bytes = (size, value) => new Uint8Array(size).fill(value);

function make(array, size, value) {
    arrays.set(array, bytes(size, value));
}

function fill(array, at, size, value) {
    arrays.get(array).fill(value, at, at + size);
}

function scatter(array, at, step, value) {
    const all = arrays.get(array);
    for (let place = at; place < all.length; place += step) all[place] = value;
}

function extend(array, size, value) {
    const old = arrays.get(array), grown = new Uint8Array(old.length + size).fill(value, old.length);
    grown.set(old);
    arrays.set(array, grown);
}

function copy(array, to, at, size) {
    arrays.set(to, arrays.get(array).slice(at, at + size));
}

function drop(array) {
    arrays.delete(array);
}

function note(number) {
    log.push(number);
}

function forget(count) {
    log.splice(0, count);
}

function fail(number) {
    log.push(number);
    throw new TypeError("as told");
}

function save(name, size, value) {
    fs.writeFileSync(path(name), bytes(size, value));
}

function append(name, size, value) {
    fs.appendFileSync(path(name), bytes(size, value));
}

function remove(name) {
    fs.unlinkSync(path(name));
}

function rename(name, to) {
    fs.renameSync(path(name), path(to));
}

function draw() {
    say(Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString("hex"));
}

function shuffle() {
    say(Math.random() * 2 ** 53);
}

function later() {
    const now = performance.now();
    say(now >= last ? "later" : `${now} before ${last}`);
    last = now;
}

function refused(error) {
    return error instanceof RangeError || error.name === "InternalError";
}

function bomb() {
    try {
        new Uint8Array(1 << 30);
    } catch (error) {
        say(refused(error) ? "too much" : error);
    }
}

function gorge() {
    const parts = [];
    try {
        for (;;) parts.push(bytes(4 << 20, 1));
    } catch (error) {
        parts.length = 0;
        say(refused(error) ? "full" : error);
    }
}

function room() {
    const chunk = bytes(1 << 20, 0);
    fs.writeFileSync("/tmp/full", "");
    try {
        for (;;) fs.appendFileSync("/tmp/full", chunk);
    } catch {
        say(fs.statSync("/tmp/full").size);
    }
    fs.unlinkSync("/tmp/full");
}

function show() {
    for (const array of [...arrays.keys()].sort((one, two) => one - two)) {
        say(`array ${array} ${arrays.get(array).length}`);
        put(arrays.get(array));
    }
    say("log " + log.join(","));
    for (const name in names) {
        if (!fs.existsSync(path(name))) continue;
        const data = fs.readFileSync(path(name));
        say(`file ${name} ${data.length}`);
        put(data);
    }
}
