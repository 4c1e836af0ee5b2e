class ValidationError extends Error {
  constructor(field, message) { super(message); this.name = "ValidationError"; this.field = field; }
}
function validate(user) {
  if (!user.name) throw new ValidationError("name", "name is required");
  if (user.age < 0) throw new RangeError("age must not be negative");
  return user;
}
for (const user of [{ name: "ada", age: 1 }, {}, { name: "b", age: -1 }, null]) {
  try { console.log("valid", validate(user).name); }
  catch (e) {
    if (e instanceof ValidationError) console.log(e.name, e.field, e.message, String(e));
    else if (e instanceof RangeError) console.log("range:", e.message);
    else console.log("other:", e.name);
  } finally { console.log("-"); }
}
const wrapped = new Error("outer", { cause: new TypeError("inner") });
console.log(wrapped.cause.message, Object.prototype.toString.call(wrapped), wrapped.stack.split("\n")[0], "stack" in wrapped);
const run = async () => { throw new ValidationError("x", "async"); };
run().catch((e) => console.log("rejected", e.field)).then(() => {
  try { null.x; } catch (e) { console.log(e.name); }
  try { undefinedName; } catch (e) { console.log(e.name, e.message); }
  try { (void 0)(); } catch (e) { console.log(e.name); }
  try { new Array(-1); } catch (e) { console.log(e.name); }
  try { "x".repeat(-1); } catch (e) { console.log(e.name); }
  try { decodeURIComponent("%"); } catch (e) { console.log(e.name); }
  try { eval("let 1"); } catch (e) { console.log(e.name); }
  try { throw { code: 1 }; } catch ({ code }) { console.log(code); }
  try { const k = 1; k = 2; } catch (e) { console.log(e.name); }
  try { (function f() { f(); })(); } catch (e) { console.log(e.name); }
  console.log(new AggregateError([new Error("a")], "many").errors.length, (() => { try { return 1; } finally { console.log("f"); } })());
});
