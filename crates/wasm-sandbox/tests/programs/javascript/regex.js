const log = `2024-05-01 10:00:01 [INFO] user=ada ip=10.0.0.1
2024-05-01 10:00:05 [ERROR] user=bob ip=10.0.0.2 msg="disk full"
garbage`;
const line = /^(?<date>\d{4}-\d{2}-\d{2}) (?<time>[\d:]+) \[(?<level>\w+)\] user=(?<user>\w+) ip=(?<ip>[\d.]+)(?: msg="(?<msg>[^"]*)")?$/gm;
for (const { groups } of log.matchAll(line)) console.log({ ...groups });
console.log("2024-01-02".replace(/(\d+)-(\d+)-(\d+)/, "$3/$2/$1"), /(?<y>\d{4})/.exec("in 1999").groups.y, "aBc".match(/[a-z]/gi));
console.log(/^[\w.+-]+@[\w-]+\.[\w.]+$/.test("ada@example.com"), "price: $42".match(/(?<=\$)\d+/)[0], /a.c/s.test("a\nc"), "x".match(/y/));
const sticky = /\d/y;
sticky.lastIndex = 1;
console.log(sticky.test("a1"), sticky.lastIndex, /\u{1F600}/u.test("😀"), /\p{Lu}/u.test("É"), "a.b*c".replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
console.log("one  two".split(/\s+/), "a1b22".replace(/\d+/g, (d) => `<${d * 2}>`), /(\d+)\s\1/.test("12 12"), new RegExp("a+", "g").flags, /x/v.flags ?? "");
