//! One table for every way in which something can go wrong: error code, exit code, HTTP status, MCP error, exception.

use crate::limits::ResourceKind;

/// The stable code of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// The guest failed: a trap.
    Trap,
    /// The guest's function returned an error or raised an exception.
    Function,
    /// A called function ended its program instead of returning.
    Exit,
    /// The configuration is wrong.
    Configuration,
    /// The arguments do not fit the function's signature.
    Signature,
    /// The policy refused something.
    Denied,
    /// A limit was hit.
    Limit,
    /// The time was up.
    Timeout,
    /// The source does not compile.
    Compilation,
    /// Not something that can be run: not a module, or one that needs what no engine here has.
    NotRunnable,
    /// No such file.
    FileNotFound,
    /// No such function.
    FunctionNotFound,
    /// A compiler or runtime is missing on this machine.
    Toolchain,
    /// This machine cannot enforce what was asked for.
    Unenforceable,
    /// The instance ended and cannot be called again.
    Ended,
    /// The caller cancelled.
    Cancelled,
    /// The sandbox itself failed.
    Internal,
}

/// What one error code is called at each front door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CodeRow {
    /// The code.
    pub code: ErrorCode,
    /// Its stable name.
    pub name: &'static str,
    /// Exit code of the command line.
    pub exit: u8,
    /// HTTP status.
    pub http: u16,
    /// JSON-RPC error code of the MCP server.
    pub mcp: i32,
    /// Exception class in the bindings.
    pub exception: &'static str,
}

const fn row(code: ErrorCode, name: &'static str, exit: u8, http: u16, mcp: i32, exception: &'static str) -> CodeRow {
    CodeRow { code, name, exit, http, mcp, exception }
}

impl ErrorCode {
    /// Every code with its names, in the order of the documentation.
    pub const TABLE: &'static [CodeRow] = &[
        row(Self::Trap, "trap", 1, 422, -32001, "TrapError"),
        row(Self::Function, "function", 1, 422, -32002, "FunctionError"),
        row(Self::Exit, "exit", 1, 422, -32003, "ExitError"),
        row(Self::Configuration, "configuration", 2, 400, -32602, "ConfigurationError"),
        row(Self::Signature, "signature", 2, 400, -32602, "SignatureError"),
        row(Self::Denied, "denied", 121, 403, -32004, "DeniedError"),
        row(Self::Limit, "limit", 122, 422, -32005, "LimitError"),
        row(Self::Compilation, "compilation", 123, 422, -32006, "CompilationError"),
        row(Self::Timeout, "timeout", 124, 408, -32007, "TimeoutError"),
        row(Self::Toolchain, "toolchain", 125, 503, -32008, "ToolchainError"),
        row(Self::Unenforceable, "unenforceable", 125, 501, -32009, "UnenforceableError"),
        row(Self::Ended, "ended", 125, 409, -32010, "EndedError"),
        row(Self::Cancelled, "cancelled", 125, 499, -32011, "CancelledError"),
        row(Self::Internal, "internal", 125, 500, -32603, "InternalError"),
        row(Self::NotRunnable, "not_runnable", 126, 415, -32012, "NotRunnableError"),
        row(Self::FileNotFound, "file_not_found", 127, 404, -32013, "NotFoundError"),
        row(Self::FunctionNotFound, "function_not_found", 127, 404, -32601, "NotFoundError"),
    ];

    /// The code's row of the table.
    pub fn row(self) -> &'static CodeRow {
        // The table has a row for every code (a test holds it); the last row stands in only to keep this free of panics.
        const INTERNAL: CodeRow = row(ErrorCode::Internal, "internal", 125, 500, -32603, "InternalError");
        Self::TABLE.iter().find(|row| row.code == self).unwrap_or(&INTERNAL)
    }

    /// The code of a limit that was hit: running out of time has its own.
    pub fn of_limit(kind: ResourceKind) -> Self {
        match kind {
            ResourceKind::WallTime | ResourceKind::CpuTime => Self::Timeout,
            ResourceKind::CompileTime | ResourceKind::CompileMemory | ResourceKind::CompileProcesses => {
                Self::Compilation
            }
            _ => Self::Limit,
        }
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.row().name)
    }
}
