console.log(JSON.stringify({ a: [1, { b: null }], d: new Date(0), u: undefined, f() {} }, null, 2), JSON.parse('{"x":[1,2,{"y":"\\u00e9"}]}'));
try { JSON.parse("{bad"); } catch (e) { console.log(e.name); }
const o = {}; o.o = o;
try { JSON.stringify(o); } catch (e) { console.log(e.name); }
