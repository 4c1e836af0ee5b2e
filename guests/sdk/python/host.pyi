"""What a Python guest of wasm-sandbox finds in the module `host`, for editors and type checkers. In the sandbox it is there by itself."""

from typing import Any, Awaitable

class ToolError(Exception):
    """A tool of the host's gave no result."""

class ToolNotFound(ToolError):
    """There is no such tool."""

class ToolArguments(ToolError):
    """The arguments do not fit the tool."""

class ToolRefused(ToolError):
    """The host does not allow this call."""

class _Tool:
    """A function of the host's. Calling it gives its result; within a running event loop, an awaitable that does."""

    schema: dict[str, Any] | None
    def __call__(self, /, *arguments: Any, **named: Any) -> Any: ...
    def now(self, /, *arguments: Any, **named: Any) -> Any: ...
    def later(self, /, *arguments: Any, **named: Any) -> Awaitable[Any]: ...

class _Tools:
    """The host's tools, each a function: `tools.search(query="x")`."""

    def __getattr__(self, name: str) -> _Tool: ...

tools: _Tools
