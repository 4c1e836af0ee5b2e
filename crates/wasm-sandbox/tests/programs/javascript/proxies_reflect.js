const seen = [];
const logged = new Proxy({ a: 1 }, {
  get: (target, key, receiver) => { seen.push(`get ${String(key)}`); return Reflect.get(target, key, receiver) ?? `no ${String(key)}`; },
  set: (target, key, value) => { if (typeof value !== "number") throw new TypeError(`${key} must be a number`); target[key] = value; return true; },
  has: (target, key) => !key.startsWith("_") && key in target,
  deleteProperty: () => false,
  ownKeys: (target) => Reflect.ownKeys(target).filter((k) => k !== "hidden"),
});
logged.b = 2;
logged.hidden = 3;
try { logged.c = "x"; } catch (e) { console.log(e.message); }
console.log(logged.a, logged.zzz, "a" in logged, "_x" in logged, Object.keys(logged), seen);
const negative = new Proxy([1, 2, 3], { get: (t, k) => (typeof k === "string" && /^-\d+$/.test(k) ? t[t.length + +k] : Reflect.get(t, k)) });
console.log(negative[-1], negative.length, Reflect.has({ x: 1 }, "x"), Reflect.apply(Math.max, null, [1, 2]), Reflect.construct(Date, [0]).getTime());
const { proxy, revoke } = Proxy.revocable({}, {});
revoke();
try { proxy.x; } catch (e) { console.log(e.name); }
const o = Object.defineProperty({}, "x", { value: 1, enumerable: false });
console.log(o, Object.getOwnPropertyDescriptor(o, "x"), JSON.stringify(o));
