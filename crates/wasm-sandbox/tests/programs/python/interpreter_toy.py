import operator


class Environment(dict):
    def __init__(self, parent=None, **names):
        super().__init__(names)
        self.parent = parent

    def lookup(self, name):
        if name in self:
            return self[name]
        if self.parent is None:
            raise NameError(name)
        return self.parent.lookup(name)


def tokenize(text):
    return text.replace("(", " ( ").replace(")", " ) ").split()


def read(tokens):
    token = tokens.pop(0)
    if token == "(":
        items = []
        while tokens[0] != ")":
            items.append(read(tokens))
        tokens.pop(0)
        return items
    try:
        return int(token)
    except ValueError:
        return token


def evaluate(form, env):
    if isinstance(form, str):
        return env.lookup(form)
    if isinstance(form, int):
        return form
    head, *rest = form
    if head == "if":
        test, yes, no = rest
        return evaluate(yes if evaluate(test, env) else no, env)
    if head == "define":
        env[rest[0]] = evaluate(rest[1], env)
        return None
    if head == "lambda":
        names, body = rest
        return lambda *values: evaluate(body, Environment(env, **dict(zip(names, values))))
    function, *values = [evaluate(part, env) for part in form]
    return function(*values)


world = Environment(**{"+": operator.add, "-": operator.sub, "*": operator.mul, "<": operator.lt, "list": lambda *v: list(v)})
for line in ["(define square (lambda (x) (* x x)))", "(square 7)", "(define fact (lambda (n) (if (< n 2) 1 (* n (fact (- n 1))))))", "(fact 20)", "(list 1 (+ 1 1) (square 2))", "(unknown 1)"]:
    try:
        result = evaluate(read(tokenize(line)), world)
        if result is not None:
            print(result)
    except NameError as error:
        print("unknown name", error)
