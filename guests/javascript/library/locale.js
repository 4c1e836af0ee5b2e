// Numbers and dates in the form of the only locale that the sandbox has: American English, in UTC.

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const SYMBOLS = { USD: "$", EUR: "€", GBP: "£", JPY: "¥", INR: "₹", CNY: "CN¥", KRW: "₩", BRL: "R$", CAD: "CA$", AUD: "A$", MXN: "MX$", CHF: "CHF ", SEK: "SEK ", NOK: "NOK ", DKK: "DKK ", PLN: "PLN " };

function grouped(digits) {
    return digits.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** Rounds half away from zero, on the decimal digits, as `Intl` does. */
function rounded(value, minimum, maximum) {
    let text = value.toFixed(Math.min(maximum, 100));
    if (maximum < 15 && value < 1e15) {
        const scaled = Math.round(Number(`${value}e${maximum}`));
        if (Number.isFinite(scaled)) text = Number(`${scaled}e-${maximum}`).toFixed(maximum);
    }
    let [whole, fraction = ""] = text.split(".");
    while (fraction.length > minimum && fraction.endsWith("0")) fraction = fraction.slice(0, -1);
    return [whole, fraction];
}

export function formatNumber(value, options = {}) {
    const { style = "decimal", currency = "USD", useGrouping = true, notation } = options;
    if (typeof value === "bigint") return useGrouping === false ? `${value}` : `${value < 0n ? "-" : ""}${grouped(`${value < 0n ? -value : value}`)}`;
    if (Number.isNaN(value)) return "NaN";
    const sign = value < 0 || Object.is(value, -0) ? "-" : options.signDisplay === "always" ? "+" : "";
    let size = Math.abs(value);
    if (!Number.isFinite(size)) return `${sign}∞`;
    if (style === "percent") size *= 100;
    let suffix = style === "percent" ? "%" : "";
    if (notation === "compact") [size, suffix] = compact(size);
    const usual = style === "currency" ? (currency === "JPY" || currency === "KRW" ? 0 : 2) : 0;
    const minimum = options.minimumFractionDigits ?? Math.min(usual, options.maximumFractionDigits ?? usual);
    const maximum = options.maximumFractionDigits ?? Math.max(minimum, style === "decimal" ? (notation === "compact" ? (size < 100 ? 1 : 0) : 3) : usual);
    let [whole, fraction] = options.maximumSignificantDigits ? rounded(Number(size.toPrecision(options.maximumSignificantDigits)), 0, 20) : rounded(size, minimum, maximum);
    whole = whole.padStart(options.minimumIntegerDigits ?? 1, "0");
    const digits = (useGrouping === false ? whole : grouped(whole)) + (fraction === "" ? "" : `.${fraction}`);
    const symbol = style === "currency" ? (SYMBOLS[currency] ?? `${currency} `) : "";
    return `${sign}${symbol}${digits}${suffix}${style === "unit" ? ` ${options.unit}` : ""}`;
}

function compact(size) {
    for (const [limit, letter] of [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "K"]]) if (size >= limit) return [size / limit, letter];
    return [size, ""];
}

function shown(options, fallback) {
    const names = ["weekday", "year", "month", "day", "hour", "minute", "second", "dateStyle", "timeStyle", "era"];
    return names.some((name) => options[name] !== undefined) ? options : { ...options, ...fallback };
}

const DATE = { year: "numeric", month: "numeric", day: "numeric" };
const TIME = { hour: "numeric", minute: "2-digit", second: "2-digit" };
const DATE_STYLES = { full: { weekday: "long", year: "numeric", month: "long", day: "numeric" }, long: { year: "numeric", month: "long", day: "numeric" }, medium: { year: "numeric", month: "short", day: "numeric" }, short: { year: "2-digit", month: "numeric", day: "numeric" } };
const TIME_STYLES = { full: TIME, long: TIME, medium: TIME, short: { hour: "numeric", minute: "2-digit" } };

export function formatDate(date, options = {}, fallback = DATE) {
    if (Number.isNaN(date.getTime())) return "Invalid Date";
    const styles = { ...DATE_STYLES[options.dateStyle], ...TIME_STYLES[options.timeStyle] };
    const chosen = options.dateStyle || options.timeStyle ? { ...options, ...styles } : shown(options, fallback);
    const day = dayText(date, chosen);
    const time = timeText(date, chosen);
    const long = chosen.month === "long" && options.dateStyle;
    return [day, time].filter((text) => text !== "").join(long ? " at " : ", ");
}

function padded(value, style) {
    return style === "2-digit" ? `${value}`.padStart(2, "0").slice(-2) : `${value}`;
}

function dayText(date, { weekday, year, month, day }) {
    const dayOfWeek = weekday === undefined ? "" : weekday === "long" ? DAYS[date.getUTCDay()] : DAYS[date.getUTCDay()].slice(0, weekday === "narrow" ? 1 : 3);
    const years = year === undefined ? "" : padded(date.getUTCFullYear(), year);
    const days = day === undefined ? "" : padded(date.getUTCDate(), day);
    if (month === undefined || month === "numeric" || month === "2-digit") {
        const numbers = [month === undefined ? "" : padded(date.getUTCMonth() + 1, month), days, years].filter((part) => part !== "").join("/");
        return [dayOfWeek, numbers].filter((part) => part !== "").join(", ");
    }
    const name = MONTHS[date.getUTCMonth()].slice(0, month === "long" ? 20 : month === "narrow" ? 1 : 3);
    const front = [name, days].filter((part) => part !== "").join(" ");
    const body = days === "" ? [front, years].filter((part) => part !== "").join(" ") : [front, years].filter((part) => part !== "").join(", ");
    return [dayOfWeek, body].filter((part) => part !== "").join(", ");
}

function timeText(date, { hour, minute, second, hour12 = true, hourCycle, timeZoneName }) {
    if (hour === undefined && minute === undefined && second === undefined) return "";
    const twelve = hour12 && hourCycle !== "h23";
    const hours = date.getUTCHours();
    const shownHours = twelve ? hours % 12 || 12 : hours;
    const parts = [];
    if (hour !== undefined) parts.push(twelve ? padded(shownHours, hour) : `${shownHours}`.padStart(2, "0"));
    if (minute !== undefined) parts.push(hour === undefined ? padded(date.getUTCMinutes(), minute) : `${date.getUTCMinutes()}`.padStart(2, "0"));
    if (second !== undefined) parts.push(`${date.getUTCSeconds()}`.padStart(2, "0"));
    const half = hour !== undefined && twelve ? ` ${hours < 12 ? "AM" : "PM"}` : "";
    return parts.join(":") + half + (timeZoneName === undefined ? "" : " UTC");
}

class NumberFormat {
    #options;

    constructor(locale, options = {}) {
        this.#options = options;
        this.format = (value) => formatNumber(typeof value === "bigint" ? value : Number(value), options);
    }

    resolvedOptions() {
        return { locale: "en-US", numberingSystem: "latn", ...this.#options };
    }
}

class DateTimeFormat {
    #options;

    constructor(locale, options = {}) {
        this.#options = options;
        this.format = (value) => formatDate(value === undefined ? new Date() : new Date(value), options);
    }

    resolvedOptions() {
        return { locale: "en-US", calendar: "gregory", numberingSystem: "latn", timeZone: "UTC", ...this.#options };
    }
}

class Collator {
    constructor(locale, { numeric = false, sensitivity = "variant" } = {}) {
        this.compare = (a, b) => compareText(`${a}`, `${b}`, numeric, sensitivity);
    }
}

/** Letters before their case and marks, as people sort them. */
function compareText(a, b, numeric, sensitivity) {
    const bare = (text) => text.normalize("NFD").replace(/\p{Mark}/gu, "").toLowerCase();
    if (numeric) {
        const parts = (text) => bare(text).match(/\d+|\D+/g) ?? [];
        const [left, right] = [parts(a), parts(b)];
        for (let at = 0; at < Math.min(left.length, right.length); at++) {
            const numbers = /^\d/.test(left[at]) && /^\d/.test(right[at]);
            const order = numbers ? Number(left[at]) - Number(right[at]) : compareCodes(left[at], right[at]);
            if (order !== 0) return Math.sign(order);
        }
        if (left.length !== right.length) return Math.sign(left.length - right.length);
    }
    const [left, right] = [bare(a), bare(b)];
    if (left !== right) return compareCodes(left, right);
    if (sensitivity === "base") return 0;
    const [marksA, marksB] = [marks(a), marks(b)];
    if (marksA !== marksB) return marksA < marksB ? -1 : 1;
    if (sensitivity === "accent" || a === b) return 0;
    return a > b ? -1 : 1;
}

/** The marks of a text's letters, of which none at all come first. */
function marks(text) {
    return text.normalize("NFD").replace(/\P{M}/gu, "\u0001");
}

/** Marks and spaces before digits before letters. */
function compareCodes(a, b) {
    const rank = (character) => (/\p{L}/u.test(character) ? 2 : /\p{N}/u.test(character) ? 1 : 0);
    const [left, right] = [[...a], [...b]];
    for (let at = 0; at < Math.min(left.length, right.length); at++) {
        if (left[at] === right[at]) continue;
        const order = rank(left[at]) - rank(right[at]);
        return order !== 0 ? Math.sign(order) : left[at] < right[at] ? -1 : 1;
    }
    return Math.sign(left.length - right.length);
}

class PluralRules {
    #type;

    constructor(locale, { type = "cardinal" } = {}) {
        this.#type = type;
    }

    select(count) {
        if (this.#type === "cardinal") return count === 1 ? "one" : "other";
        const teen = count % 100 >= 11 && count % 100 <= 13;
        return teen ? "other" : ({ 1: "one", 2: "two", 3: "few" }[count % 10] ?? "other");
    }
}

export function addLocale() {
    const define = (target, name, value) => Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
    define(Number.prototype, "toLocaleString", function toLocaleString(locale, options) {
        return formatNumber(Number(this), options);
    });
    define(BigInt.prototype, "toLocaleString", function toLocaleString(locale, options) {
        return formatNumber(BigInt(this), options);
    });
    define(Date.prototype, "toLocaleDateString", function toLocaleDateString(locale, options) {
        return formatDate(this, options, DATE);
    });
    define(Date.prototype, "toLocaleTimeString", function toLocaleTimeString(locale, options) {
        return formatDate(this, options, TIME);
    });
    define(Date.prototype, "toLocaleString", function toLocaleString(locale, options) {
        return formatDate(this, options, { ...DATE, ...TIME });
    });
    for (const name of ["toString", "toTimeString"]) {
        const plain = Date.prototype[name];
        define(Date.prototype, name, { [name]() { return plain.call(this).replace(/GMT\+0000$/, "$& (Coordinated Universal Time)"); } }[name]);
    }
    define(String.prototype, "localeCompare", function localeCompare(other, locale, options = {}) {
        return compareText(`${this}`, `${other}`, options.numeric ?? false, options.sensitivity ?? "variant");
    });
    define(globalThis, "Intl", { NumberFormat, DateTimeFormat, Collator, PluralRules });
}
