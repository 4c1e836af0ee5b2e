const error = new Error("outer", { cause: new Error("inner") });
console.log(error.cause.message, error.toString());
console.log(new AggregateError([new Error("a")], "many").errors.length);
