// `util.parseArgs`.
function wrong(message, code) {
    return Object.assign(new TypeError(message), { code });
}

/** Words as options and what is none. */
export function parseArgs({ args = process.argv.slice(2), options = {}, strict = true, allowPositionals = !strict, tokens: withTokens = false } = {}) {
    const values = Object.create(null);
    const positionals = [];
    const words = [...args];
    const named = (letter) => Object.keys(options).find((name) => options[name].short === letter);
    const keep = (name, value) => {
        if (options[name]?.multiple) (values[name] ??= []).push(value);
        else values[name] = value;
    };
    const take = (name, shown, given) => {
        const known = Object.hasOwn(options, name);
        if (strict && !known) throw wrong(`Unknown option '${shown}'`, "ERR_PARSE_ARGS_UNKNOWN_OPTION");
        const text = known ? options[name].type === "string" : given !== undefined;
        if (text && given === undefined) given = words.length > 0 && (!strict || !/^-./.test(words[0])) ? words.shift() : undefined;
        if (strict && text && given === undefined) throw wrong(`Option '${shown} <value>' argument missing`, "ERR_PARSE_ARGS_INVALID_OPTION_VALUE");
        if (strict && !text && given !== undefined) throw wrong(`Option '${shown}' does not take an argument`, "ERR_PARSE_ARGS_INVALID_OPTION_VALUE");
        keep(name, text ? (given ?? true) : true);
    };
    while (words.length > 0) {
        const word = words.shift();
        const long = /^--([^=]+)(?:=([^]*))?$/.exec(word);
        if (word === "--") positionals.push(...words.splice(0));
        else if (long) take(long[1], `--${long[1]}`, long[2]);
        else if (/^-[^-]/.test(word)) letters(word.slice(1), named, options, take);
        else positionals.push(word);
    }
    if (positionals.length > 0 && !allowPositionals) throw wrong(`Unexpected argument '${positionals[0]}'. This command does not take positional arguments`, "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL");
    for (const [name, { default: usual }] of Object.entries(options)) if (usual !== undefined && values[name] === undefined) values[name] = usual;
    if (withTokens) throw wrong("tokens are not supported", "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM");
    return { values, positionals };
}

/** `-abc`: each letter an option; the rest of the word is the value of one that takes one. */
function letters(word, named, options, take) {
    for (let at = 0; at < word.length; at++) {
        const name = named(word[at]) ?? word[at];
        const rest = word.slice(at + 1);
        if (options[name]?.type !== "string" || rest === "") take(name, `-${word[at]}`);
        else return take(name, `-${word[at]}`, rest);
    }
}
