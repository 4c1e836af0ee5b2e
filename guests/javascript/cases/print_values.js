console.log(1, "two", [3], { four: 4 }, null, undefined, true, 10n, Symbol("s"), -0, NaN);
