import sys
import traceback
import warnings


class AppError(Exception):
    """Base of ours."""


class NotFound(AppError):
    def __init__(self, what):
        super().__init__(f"{what} not found")
        self.what = what


def load(key, store={"a": 1}):
    try:
        return store[key]
    except KeyError as error:
        raise NotFound(key) from error
    finally:
        print("looked for", key)


print(load("a"))
try:
    load("b")
except AppError as error:
    print(repr(error), repr(error.__cause__), error.what)
try:
    try:
        1 / 0
    except ZeroDivisionError:
        int("x")
except ValueError as error:
    print(type(error.__context__).__name__, traceback.format_exception_only(error))
try:
    raise ExceptionGroup("many", [ValueError(1), TypeError(2), ExceptionGroup("inner", [OSError(3)])])
except* (ValueError, OSError) as group:
    print("handled", group.exceptions)
except* TypeError as group:
    print("types", len(group.exceptions))
error = ValueError("noted")
error.add_note("look here")
print("".join(traceback.format_exception_only(error)), end="")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    warnings.warn("old", DeprecationWarning)
print(caught[0].category.__name__)


def nothing():
    try:
        return "try"
    finally:
        print("cleanup")


print(nothing(), sys.exc_info())
for statement in ["int('12a')", "[][1]", "{}['k']", "None.x", "'a' + 1", "undefined", "len(5)", "assert False, 'm'", "import nothing_here", "(lambda: 1)(2)"]:
    try:
        exec(statement)
    except Exception as error:
        print(f"{statement}: {type(error).__name__}: {error}")
