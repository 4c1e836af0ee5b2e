const n = 1234567.891;
console.log(n.toLocaleString(), new Intl.NumberFormat("en-US", { style: "currency", currency: "EUR" }).format(n), new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 }).format(n), new Intl.NumberFormat("en-US", { notation: "compact" }).format(n), (0.1234).toLocaleString("en-US", { style: "percent", minimumFractionDigits: 1 }));
const d = new Date(Date.UTC(2024, 2, 9, 16, 5, 9));
console.log(new Intl.DateTimeFormat("en-US").format(d), d.toLocaleDateString("en-US", { month: "short", day: "numeric", year: "numeric" }), d.toLocaleDateString("en-US", { weekday: "short" }), new Intl.DateTimeFormat("en-US", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" }).format(d).replace(/\u202f/g, " "));
console.log(["résumé", "resume", "Resume"].sort(new Intl.Collator("en").compare), new Intl.PluralRules("en-US", { type: "ordinal" }).select(22), ["a10", "a2"].sort(new Intl.Collator("en", { numeric: true }).compare));
