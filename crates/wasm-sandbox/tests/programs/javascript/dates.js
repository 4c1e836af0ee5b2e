const d = new Date(Date.UTC(2024, 1, 29, 13, 5, 7));
console.log(d.toISOString(), d.getTime(), d.getUTCDay(), d.toJSON(), JSON.stringify({ d }));
console.log(new Date("2024-03-10T10:00:00+02:00").toISOString(), new Date(2024, 0, 31).getMonth(), new Date("2024-01-15").getTimezoneOffset());
const addDays = (date, days) => new Date(date.getTime() + days * 864e5);
console.log(addDays(d, 1).toISOString().slice(0, 10), Math.round((Date.UTC(2024, 11, 25) - Date.UTC(2024, 6, 4)) / 864e5));
const last = new Date(2024, 2, 0);
console.log(last.getDate(), isNaN(new Date("nonsense")), Date.parse("Thu, 01 Jan 1970 00:00:00 GMT"), new Date(0).toUTCString());
d.setUTCMonth(0, 31);
console.log(d.toISOString(), typeof Date.now(), d > new Date(0), new Date(2020, 5, 15, 12).toString());
console.log(new Date(Date.UTC(2024, 6, 4)).toLocaleDateString("en-US", { weekday: "long", year: "numeric", month: "long", day: "numeric", timeZone: "UTC" }));
console.log(new Date(Date.UTC(2024, 6, 4, 15, 30)).toLocaleTimeString("en-US", { timeZone: "UTC" }), new Date(Date.UTC(2024, 6, 4, 15, 30)).toLocaleString("en-US", { timeZone: "UTC" }));
const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const age = (born, on) => on.getUTCFullYear() - born.getUTCFullYear() - (on < new Date(Date.UTC(on.getUTCFullYear(), born.getUTCMonth(), born.getUTCDate())) ? 1 : 0);
console.log(days[new Date("2024-09-06").getUTCDay()], age(new Date("1990-03-05"), new Date("2025-03-04")), new Date(NaN).getTime());
console.log(new Date(Date.UTC(2024, 0, 2)), [new Date(0)]);
try { new Date(NaN).toISOString(); } catch (e) { console.log(e.name); }
