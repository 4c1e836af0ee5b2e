// %%
const data = JSON.parse("{bad");
//! SyntaxError
// %%
data
//! ReferenceError
// %%
const data = [1, 2];
data.length
//> 2
// %%
function times(n) { return n * data.length }
times(2)
//> 4
// %%
const data = [1, 2, 3];
times(2)
//> 6
// %%
const times = (n) => n;
times(2)
//> 2
// %%
function times(n) { return 2 * n }
times(2)
//> 4
// %%
class A { a() { return 1 } }
const old = new A();
// %%
class A { a() { return 2 } }
[old.a(), new A().a(), old instanceof A]
//> [ 1, 2, false ]
// %%
let A = 3; A
//> 3
// %%
var A = 4; A
//> 4
// %%
data = []
//! TypeError
// %%
let undefined = 1
//! SyntaxError
// %%
let a = 1; let a = 2;
//! SyntaxError
// %%
const { x, y = 2 } = { x: 1 }, [z] = [x + y];
z
//> 3
// %%
const [z] = await Promise.all([Promise.resolve(5)]);
z
//> 5
