"""What the host speaks to: loaded once into every image, called once for each request.

A request comes as JSON, as the text of a turn, and its answer leaves as JSON through the host's door. Nothing here is a
wall: a guest that takes it apart takes itself apart.
"""


def _make():
    import ast
    import asyncio
    import atexit
    import dataclasses
    import datetime
    import gc
    import importlib.util
    import inspect
    import json
    import linecache
    import os
    import sys
    import tempfile
    import traceback
    import types
    import typing

    import _host
    import _reactor

    # What programs import most, so that each of them finds it there.
    import base64, bisect, collections, contextlib, copy, csv, decimal, enum, functools, hashlib, heapq, io, itertools  # noqa
    import math, operator, pathlib, random, re, secrets, shutil, statistics, string, textwrap, time, urllib.parse, uuid  # noqa

    serve_wsgi, http_door, wsgi_code = _wsgi
    serve_asgi, wait_for_bodies = _asgi(http_door)
    state = {"functions": sys.modules["__main__"]}

    class Loop(asyncio.base_events.BaseEventLoop):
        """An event loop for a guest without sockets: it waits for time, tools and bodies of HTTP, and for nothing else."""

        class Clock:
            def select(self, timeout):
                if wait_for_bodies(timeout, bool(calls)):
                    timeout = 0
                if calls and deliver(timeout):
                    return []
                if timeout is None:
                    raise RuntimeError("the event loop waits for something that can never happen")
                if timeout > 0:
                    time.sleep(timeout)
                return []

            def close(self):
                pass

        def __init__(self):
            super().__init__()
            self._selector = Loop.Clock()

        def _process_events(self, events):
            pass

        def _write_to_self(self):
            pass

    asyncio.SelectorEventLoop = asyncio.EventLoop = Loop
    asyncio.unix_events._UnixDefaultEventLoopPolicy._loop_factory = Loop

    # What helps where a module is missing.
    BESIDE = "A module beside the script can be imported where its folder is granted, as with `--allow-read DIR:/project`."
    NOT_INSTALLED = "Packages that are not built in are not installed here."

    # Beyond this the interpreter's own stack ends before the error can be told.
    DEEPEST = 150_000
    SHOWN_ENTRIES = 1000
    # As the host names the code of an image.
    PRELUDE = "<prelude>"
    set_recursion_limit = sys.setrecursionlimit
    sys.setrecursionlimit = lambda limit, /: set_recursion_limit(min(limit, DEEPEST))

    class ToolError(Exception):
        """A tool of the host's gave no result."""

    class ToolNotFound(ToolError):
        """There is no such tool."""

    class ToolArguments(ToolError):
        """The arguments do not fit the tool."""

    class ToolRefused(ToolError):
        """The host does not allow this call."""

    errors = {error.__name__: error for error in (ToolError, ToolNotFound, ToolArguments, ToolRefused)}
    for error in errors.values():
        error.__module__, error.__qualname__ = "host", error.__name__
    # Futures of calls that are under way, by the host's numbers.
    calls = {}

    class Tool:
        """A function of the host's. Calling it gives its result; within a running event loop, an awaitable that does."""

        def __init__(self, name):
            self.__name__ = self.__qualname__ = name

        def __repr__(self):
            return f"<tool {self.__name__}>"

        def __call__(self, /, *arguments, **named):
            if asyncio._get_running_loop() is None:
                return self.now(*arguments, **named)
            return self.later(*arguments, **named)

        def now(self, /, *arguments, **named):
            """Waits for the result, and for nothing else."""
            return result(*door(b"c", self._call(arguments, named)), self.__name__)

        def later(self, /, *arguments, **named):
            """An awaitable for the result. Calls that are under way at a time overlap."""
            future = asyncio.get_running_loop().create_future()
            call, _ = door(b"s", self._call(arguments, named))
            if call <= 0:
                future.set_exception(busy(self.__name__))
                return future
            calls[call] = future
            future.add_done_callback(lambda future: give_up(call, future) if future.cancelled() else None)
            return future

        def _call(self, arguments, named):
            if len(arguments) == 1 and not named and isinstance(arguments[0], dict):
                arguments, named = (), arguments[0]
            request = {"name": self.__name__, "arguments": named, "positional": arguments}
            return encode(request).encode()

        @property
        def __doc__(self):
            return next((tool["doc"] for tool in known() if tool["name"] == self.__name__), None)

        @property
        def schema(self):
            """The JSON Schema of the arguments."""
            return next((tool["schema"] for tool in known() if tool["name"] == self.__name__), None)

    class Tools(types.ModuleType):
        """The host's tools, each a function: `tools.search(query="x")`."""

        def __getattr__(self, name):
            if name.startswith("_"):
                raise AttributeError(f"there is no tool {name!r}")
            return Tool(name)

        def __dir__(self):
            return [tool["name"] for tool in known()]

        @property
        def __all__(self):
            return dir(self)

    def door(kind, carried=b""):
        """Hands a frame to the host, which writes a call's number and the length of its answer into it."""
        frame = bytearray(kind.ljust(8, b"\0") + carried)
        _host.call(frame)
        return int.from_bytes(frame[:4], "little", signed=True), int.from_bytes(frame[4:8], "little")

    def answer(call, size):
        frame = bytearray(max(size, 8))
        frame[:8] = b"t\0\0\0" + call.to_bytes(4, "little")
        _host.call(frame)
        return read(frame[:size].decode())

    def result(call, size, name):
        if call <= 0:
            raise busy(name)
        given = answer(call, size)
        if "ok" in given:
            return given["ok"]
        raise error_of(given)

    def error_of(given):
        return errors.get(given["error"]["name"], ToolError)(given["error"]["message"])

    def busy(name):
        return ToolError(f"the tool `{name}` cannot be called: too many calls are under way")

    def give_up(call, future):
        if calls.get(call) is future:
            del calls[call]
            frame = bytearray(b"x\0\0\0" + call.to_bytes(4, "little"))
            _host.call(frame)

    def deliver(timeout):
        """Waits until a call has an answer and hands it over; false if none is under way."""
        patience = -1 if timeout is None else max(0, math.ceil(timeout * 1000))
        call, size = door(b"w", patience.to_bytes(8, "little", signed=True))
        if call < 0:
            # Those of an event loop that is gone.
            calls.clear()
            return False
        if call > 0:
            given = answer(call, size)
            future = calls.pop(call, None)
            if future is not None and not future.done() and not future.get_loop().is_closed():
                if "ok" in given:
                    future.set_result(given["ok"])
                else:
                    future.set_exception(error_of(given))
        return True

    def known():
        return result(*door(b"l"), "")

    def make_host():
        """What `from host import tools` finds."""
        host, tools = types.ModuleType("host", "The program around this sandbox."), Tools("host.tools")
        host.__path__, host.tools = [], tools
        host.__dict__.update(errors)
        sys.modules["host"], sys.modules["host.tools"] = host, tools

    class Invalid(Exception):
        """An argument that does not fit."""

    def handle(text, _):
        request = read(text)
        if request.get("reseed", False):
            reseed()
        try:
            answer = globals_of[request["op"]](request)
        except BaseException as exc:
            answer = failure(exc)
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError as exc:
                answer = lost(exc, answer)
            except Exception:
                pass
        _host.call(answer if isinstance(answer, bytes) else encode(answer).encode(errors="replace"))

    def ok(value):
        """The answer that all went well, as JSON."""
        try:
            return b'{"ok":%b}' % encode(value).encode()
        except UnicodeEncodeError as exc:
            raise ValueError(f"the result is no JSON: {exc}") from None

    def lost(exc, answer):
        """Output that went nowhere is no success."""
        program = answer == {"exit": 0}
        if not program and not isinstance(answer, bytes):
            return answer
        exc.add_note("while writing what was printed")
        report(exc)
        return {"exit": 1} if program else failure(exc)

    class Fonts:
        """matplotlib walks through the folders where fonts may be as it is imported: only through those that are there."""

        @staticmethod
        def find_spec(name, path=None, target=None):
            if name != "matplotlib.font_manager":
                return None
            sys.meta_path.remove(Fonts)
            spec = importlib.util.find_spec(name)
            if spec is None:
                return None
            execute = spec.loader.exec_module

            def exec_module(module):
                walk = os.walk
                os.walk = lambda top, *more, **named: walk(top, *more, **named) if os.path.isdir(top) else iter(())
                try:
                    execute(module)
                finally:
                    os.walk = walk

            spec.loader.exec_module = exec_module
            return spec

    sys.meta_path.insert(0, Fonts)

    def reseed():
        """What a copy does first: it must not draw the random numbers of its twin."""
        tempfile._name_sequence = None
        random.seed(int.from_bytes(os.urandom(32)))
        if "numpy.random" in sys.modules:
            sys.modules["numpy.random"].seed(list(memoryview(os.urandom(32)).cast("I")))

    def begin(request):
        """What every new instance does first: the environment, fresh random numbers, the project's folders."""
        # Libraries keep their settings there.
        environment = {"HOME": "/tmp"} | request.get("environment", {})
        if os.environ != environment:
            os.environ.clear()
            os.environ.update(environment)
        reseed()
        if "logging" in sys.modules:
            sys.modules["logging"]._startTime = time.time_ns()
        if "zoneinfo" in sys.modules and "PYTHONTZPATH" in os.environ:
            sys.modules["zoneinfo"].reset_tzpath()
        calls.clear()
        for stream in (sys.stdout, sys.stderr):
            by_line = stream.isatty() or stream is sys.stderr
            if stream.line_buffering != by_line:
                stream.reconfigure(line_buffering=by_line)
        state["path"] = request.get("path", [])
        sys.path[:0] = state["path"]
        os.chdir(request.get("folder", "/"))

    def main_module(name, argv):
        main = types.ModuleType("__main__")
        main.__file__ = name
        main.__builtins__ = __builtins__
        sys.modules["__main__"] = main
        sys.argv = list(argv)
        return main

    def compiled(code, name, mode="exec"):
        linecache.cache[name] = (len(code), None, code.splitlines(True), name)
        return compile(code, name, mode, dont_inherit=True)

    def run(request):
        begin(request)
        name = request["name"]
        main = main_module(name, [name, *request["arguments"]])
        try:
            exec(compiled(request["code"], name), main.__dict__)
            code = 0
        except SystemExit as exc:
            code = _reactor._exit_code(exc)
        except BaseException as exc:
            report(exc)
            code = 1
        atexit._run_exitfuncs()
        return {"exit": code}

    def codes(code):
        yield code
        for inner in code.co_consts:
            if isinstance(inner, types.CodeType):
                yield from codes(inner)

    # By identity: scripts may have the same names and the same text. They are kept, since what has gone leaves its identity to others.
    here = {id(code): code for whole in (sys._getframe().f_code, wsgi_code, _asgi_code) for code in codes(whole)}

    def is_ours(frame):
        """Whether a frame is this file's, or the event loop's from which an application of ASGI is called."""
        return id(frame.f_code) in here or frame.f_globals.get("__name__") in ("asyncio.runners", "asyncio.base_events")

    def own(traceback):
        """A traceback without the frames of this file at both ends, and without the middle of a very deep one, which takes long to write."""
        while traceback is not None and is_ours(traceback.tb_frame):
            traceback = traceback.tb_next
        entries, entry = [], traceback
        while entry is not None:
            entries.append(entry)
            entry = entry.tb_next
        while entries and is_ours(entries[-1].tb_frame):
            entries.pop()
        if entries:
            entries[-1].tb_next = None
        if len(entries) > 2 * SHOWN_ENTRIES:
            entries[SHOWN_ENTRIES - 1].tb_next = entries[-SHOWN_ENTRIES]
        return traceback

    def hint(exc):
        """A module that is not there may lie beside the script, which is not there either. What is granted to a prelude is nothing."""
        if type(exc) is not ModuleNotFoundError or not isinstance(exc.name, str) or "." in exc.name:
            return
        if exc.name.removeprefix("_") in sys.stdlib_module_names:
            return
        notes = getattr(exc, "__notes__", [])
        advice = [NOT_INSTALLED] + [BESIDE] * (state.get("path") == [])
        if isinstance(notes, list) and NOT_INSTALLED not in notes:
            exc.__notes__ = [*notes, *advice]

    def report(exc):
        hint(exc)
        exc.__traceback__ = own(exc.__traceback__)
        try:
            sys.excepthook(type(exc), exc, exc.__traceback__)
        except BaseException:
            sys.__excepthook__(type(exc), exc, exc.__traceback__)

    def failure(exc):
        if isinstance(exc, Invalid):
            return {"invalid": str(exc)}
        if isinstance(exc, SystemExit):
            return {"exit": _reactor._exit_code(exc)}
        hint(exc)
        exc.__traceback__ = own(exc.__traceback__)
        where = traceback.extract_tb(exc.__traceback__)
        syntax = isinstance(exc, SyntaxError)
        lines = "".join(traceback.format_exception_only(exc) if syntax else traceback.format_exception(exc, colorize=False))
        line = exc.lineno if syntax else where[-1].lineno if where else None
        return {"error": {"name": type(exc).__name__, "message": str(exc), "line": line, "stack": lines}}

    def evaluate(request):
        """One turn of a session: names stay, and a final expression is echoed as the interactive interpreter does."""
        if request.get("first", False):
            begin(request)
            sys.argv = [""]
            state["functions"] = sys.modules["__main__"]
        try:
            value = turn(request)
            if request["name"] == PRELUDE:
                # What it has made stays: a collection would write to all of it in every sandbox.
                gc.collect()
                gc.freeze()
            return shown(value)
        except SystemExit:
            raise
        except BaseException as exc:
            report(exc)
            return failure(exc)

    def turn(request):
        name, space = request["name"], sys.modules["__main__"].__dict__
        tree = ast.parse(request["code"], name)
        linecache.cache[name] = (len(request["code"]), None, request["code"].splitlines(True), name)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, name, "exec", dont_inherit=True), space)
        value = eval(compile(ast.Expression(last.value), name, "eval", dont_inherit=True), space) if last else None
        if value is not None:
            sys.displayhook(value)
        return value

    def shown(value):
        """A value as JSON, or nothing where it is none."""
        try:
            return ok(value)
        except Exception:
            return ok(None)

    def plain(value):
        """What JSON has no form of its own for, in the form that programs usually give it."""
        if hasattr(value, "to_dict") and type(value).__module__.startswith("pandas"):
            return value.to_dict("records") if hasattr(value, "columns") else value.to_dict()
        if hasattr(value, "tolist"):
            return value.tolist()
        if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
            return {name: getattr(value, name) for name in value.__dataclass_fields__}
        if isinstance(value, (set, frozenset)):
            return sorted(value, key=repr)
        if isinstance(value, (datetime.date, datetime.time)):
            return value.isoformat()
        raise TypeError(f"a {type(value).__name__} has no JSON form")

    # Made once: what `json` has for everybody makes them anew, and looks at every kind of input.
    scan = json.JSONDecoder().scan_once
    encode = json.JSONEncoder(allow_nan=False, ensure_ascii=False, default=plain).encode

    def read(text):
        return scan(text, 0)[0]

    def load(request):
        """A module whose functions are called later."""
        begin(request)
        name = request["name"]
        stem = name.rsplit(".", 1)[0]
        loaded = types.ModuleType(stem if stem.isidentifier() else "module")
        loaded.__file__ = name
        sys.modules.setdefault(loaded.__name__, loaded)
        sys.argv = [name]
        exec(compiled(request["code"], name), loaded.__dict__)
        state["functions"] = loaded
        return ok(None)

    def answer_http(request):
        application = getattr(state["functions"], "application", None) or getattr(state["functions"], "app", None)
        if not callable(application):
            raise TypeError(
                "there is no application: define a function `application(environ, start_response)` for WSGI, "
                "or `async def app(scope, receive, send)` for ASGI"
            )
        is_asgi = any(map(inspect.iscoroutinefunction, (application, getattr(application, "__call__", None))))
        (serve_asgi if is_asgi else serve_wsgi)(application, request["request"])
        return ok(None)

    def call(request):
        if request.get("first", False):
            begin(request)
        function = getattr(state["functions"], request["function"], None)
        if not callable(function):
            raise Invalid(f"there is no function `{request['function']}`")
        signature = inspect.signature(function, eval_str=True)
        arguments, parameters = [], list(signature.parameters.values())
        if len(request["arguments"]) > len(parameters):
            raise Invalid(f"{len(request['arguments'])} arguments for {len(parameters)} parameters")
        for parameter, value in zip(parameters, request["arguments"]):
            absent = value is None and parameter.default is not parameter.empty
            arguments.append(parameter.default if absent else fit(value, parameter.annotation, parameter.name))
        value = function(*arguments)
        if inspect.iscoroutine(value):
            value = asyncio.run(value)
        return ok(value)

    def fit(value, kind, where):
        """A JSON value as what the annotation says."""
        origin, inner = typing.get_origin(kind), typing.get_args(kind)
        wrong = Invalid(f"argument `{where}` is no {getattr(kind, '__name__', kind)}")
        if kind is inspect.Parameter.empty or kind is typing.Any or kind is object:
            return value
        if kind is None or kind is type(None):
            if value is not None:
                raise wrong
            return None
        if origin in (typing.Union, types.UnionType):
            for one in inner:
                try:
                    return fit(value, one, where)
                except Invalid:
                    pass
            raise wrong
        if origin is typing.Literal:
            if value not in inner:
                raise wrong
            return value
        if origin is typing.Annotated:
            return fit(value, inner[0], where)
        base = origin or kind
        if base is bool or base is str:
            if type(value) is not base:
                raise wrong
            return value
        if base is int:
            if type(value) is not int:
                raise wrong
            return value
        if base is float:
            if type(value) not in (int, float):
                raise wrong
            return float(value)
        if base in (list, set, frozenset) or getattr(base, "__name__", "") in ("Sequence", "Iterable", "Collection"):
            if type(value) is not list:
                raise wrong
            items = [fit(item, inner[0], f"{where}[{at}]") for at, item in enumerate(value)] if inner else value
            return base(items) if base in (set, frozenset) else items
        if base is tuple:
            if type(value) is not list:
                raise wrong
            if len(inner) == 2 and inner[1] is Ellipsis:
                inner = (inner[0],) * len(value)
            if inner and len(inner) != len(value):
                raise wrong
            return tuple(fit(item, one, f"{where}[{at}]") for at, (item, one) in enumerate(zip(value, inner))) if inner else tuple(value)
        if base is dict or getattr(base, "__name__", "") == "Mapping":
            if type(value) is not dict:
                raise wrong
            return {key: fit(item, inner[1], f"{where}.{key}") for key, item in value.items()} if len(inner) == 2 else value
        if dataclasses.is_dataclass(base):
            if type(value) is not dict:
                raise wrong
            kinds = typing.get_type_hints(base)
            try:
                return base(**{key: fit(item, kinds.get(key, typing.Any), f"{where}.{key}") for key, item in value.items()})
            except TypeError as exc:
                raise Invalid(f"argument `{where}`: {exc}") from None
        return value

    def describe(request):
        """The public functions of a source and what they take, read and not run."""
        tree = ast.parse(request["code"], request["name"])
        records = {
            item.name: item
            for item in tree.body
            if isinstance(item, ast.ClassDef) and any("dataclass" in ast.unparse(one) for one in item.decorator_list)
        }
        functions = [
            described(item, records)
            for item in tree.body
            if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)) and not item.name.startswith("_")
        ]
        return ok(functions)

    def described(function, records):
        arguments = function.args
        if why := left_out(arguments):
            return {"name": function.name, "left_out": why}
        names = [*arguments.posonlyargs, *arguments.args]
        optional = len(names) - len(arguments.defaults)
        params = []
        for index, argument in enumerate(names):
            kind = annotated(argument.annotation, records)
            if index >= optional and not (isinstance(kind, dict) and "option" in kind):
                kind = {"option": kind}
            params.append({"name": argument.arg, "type": kind})
        result = annotated(function.returns, records)
        answer = {"name": function.name, "params": params, "doc": ast.get_docstring(function)}
        if result != "unit":
            answer["result"] = result
        return answer

    def left_out(arguments):
        """Why a function cannot be called with a list of values."""
        if arguments.vararg:
            return f"it takes any number of arguments (`*{arguments.vararg.arg}`)"
        if arguments.kwarg:
            return f"it takes any named arguments (`**{arguments.kwarg.arg}`)"
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults):
            if default is None:
                return f"it needs an argument by name (`{argument.arg}`)"

    SCALARS = {"int": "s64", "float": "f64", "str": "string", "bool": "bool", "None": "unit"}
    LISTS = {"list", "List", "Sequence", "Iterable", "Collection", "set", "Set", "frozenset", "FrozenSet"}

    def annotated(node, records, depth=0):
        """A type from its annotation's text."""
        if node is None:
            return {"any": "any"}
        text = ast.unparse(node)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                return annotated(ast.parse(node.value, mode="eval").body, records, depth + 1)
            except SyntaxError:
                return {"any": text}
        if depth > 8:
            return {"any": text}
        inner = lambda one: annotated(one, records, depth + 1)
        if text in SCALARS:
            return SCALARS[text]
        if isinstance(node, ast.Name) and node.id in records:
            fields = [
                {"name": item.target.id, "type": inner(item.annotation)}
                for item in records[node.id].body
                if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
            ]
            return {"record": {"name": node.id, "fields": fields}}
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            sides = [node.left, node.right]
            left = [side for side in sides if ast.unparse(side) != "None"]
            if len(left) == 1:
                return {"option": inner(left[0])}
        if isinstance(node, ast.Subscript):
            name = ast.unparse(node.value).rsplit(".", 1)[-1]
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            if name in LISTS and len(parts) == 1:
                return {"list": inner(parts[0])}
            if name == "Optional" and len(parts) == 1:
                return {"option": inner(parts[0])}
            if name in ("dict", "Dict", "Mapping") and len(parts) == 2 and ast.unparse(parts[0]) == "str":
                return {"map": inner(parts[1])}
            if name in ("tuple", "Tuple") and not any(ast.unparse(part) == "..." for part in parts):
                return {"tuple": [inner(part) for part in parts]}
            if name in ("tuple", "Tuple") and len(parts) == 2:
                return {"list": inner(parts[0])}
        return {"any": text}

    globals_of = {"run": run, "eval": evaluate, "load": load, "call": call, "describe": describe, "serve": answer_http}
    make_host()
    # From the next turn on, a turn's text is a request.
    _reactor._run_turn = handle
    gc.collect()
    gc.freeze()


_make()
del _make, _wsgi, _asgi, _asgi_code
