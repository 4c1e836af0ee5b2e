total = 0;
for (i = 0; i < 3; i++) total += i;
var message = "global";
function show() { return this === globalThis || this === undefined || typeof this; }
console.log(total, i, show(), typeof window === "undefined", 010, (function () { return arguments.callee.name || "anonymous"; })());
with ({ inside: 5 }) console.log(inside);
delete total;
console.log(typeof total, message);
