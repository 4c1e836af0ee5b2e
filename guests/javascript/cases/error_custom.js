class MyError extends Error { constructor(m) { super(m); this.name = "MyError"; this.code = "E_MINE"; } }
throw new MyError("mine");
