const seen = [];
const interval = setInterval(() => { seen.push("i"); if (seen.length === 3) { clearInterval(interval); console.log(seen.join("")); } }, 1);
const never = setTimeout(() => console.log("never"), 5);
clearTimeout(never);
setTimeout((a, b) => console.log(a + b), 20, 1, 2);
setTimeout(() => {}, 1e9).unref();
