// exit 1
console.log("before");
function inner(x) { return x.missing.property; }
inner({});
