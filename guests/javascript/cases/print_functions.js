class A {}
class B extends A {}
console.log(function f() {}, () => 1, A, B, async () => {}, function* g() {}, new A(), new (class { x = 1; #y = 2; })());
