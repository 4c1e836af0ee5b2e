//! The few calls of the engine that its Rust interface does not have. Everything unsafe about values is here.

use std::{ffi::CString, ptr};

use rquickjs::{Ctx, Error, Object, Result, Value, qjs};

/// Bytes of the stack in memory that JavaScript may use, unless the host says more. The engine counts these; the stack that
/// really ends is the host's, of 1 MiB, and recursion of every kind takes at most two bytes of that for each one here
/// (`native/frames.awk`).
pub(crate) const STACK_BYTES: usize = 512 << 10;

/// The most that there is: the linker gives 8 MiB (`xtask`), and most of it is left for what the engine does not count, which
/// is the translator of TypeScript before all.
pub(crate) const MOST_STACK_BYTES: usize = 7 << 19;

/// How code is evaluated.
#[derive(Clone, Copy)]
pub(crate) enum Mode {
    /// In the global scope, at once.
    Script,
    /// In the global scope; the result is a promise of `{value}`, since the code may wait.
    Waiting,
    /// Not at all: only whether it can be compiled.
    Check,
}

impl Mode {
    fn flags(self) -> i32 {
        let flags = match self {
            Mode::Script => qjs::JS_EVAL_TYPE_GLOBAL,
            Mode::Waiting => qjs::JS_EVAL_TYPE_GLOBAL | qjs::JS_EVAL_FLAG_ASYNC,
            Mode::Check => qjs::JS_EVAL_TYPE_GLOBAL | qjs::JS_EVAL_FLAG_ASYNC | qjs::JS_EVAL_FLAG_COMPILE_ONLY,
        };
        flags as i32
    }
}

/// Evaluates `code`, whose first line has the number `line`.
pub(crate) fn evaluate<'js>(ctx: &Ctx<'js>, code: &str, name: &str, line: i32, mode: Mode) -> Result<Value<'js>> {
    let name = CString::new(name.replace('\0', " "))?;
    let mut source = Vec::with_capacity(code.len() + 1);
    source.extend_from_slice(code.as_bytes());
    source.push(0);
    let mut options = qjs::JSEvalOptions {
        version: qjs::JS_EVAL_OPTIONS_VERSION as i32,
        eval_flags: mode.flags(),
        filename: name.as_ptr(),
        line_num: line,
    };
    // SAFETY: source and name end with a zero and outlive the call; the value that comes back is ours.
    unsafe {
        let value = qjs::JS_Eval2(ctx.as_raw().as_ptr(), source.as_ptr().cast(), code.len() as _, &raw mut options);
        owned(ctx, value)
    }
}

/// JSON to a value, by the engine's own parser, whatever a program did to `JSON`.
pub(crate) fn parse_json<'js>(ctx: &Ctx<'js>, text: &str) -> Result<Value<'js>> {
    let mut source = Vec::with_capacity(text.len() + 1);
    source.extend_from_slice(text.as_bytes());
    source.push(0);
    // SAFETY: as above.
    unsafe {
        let value =
            qjs::JS_ParseJSON(ctx.as_raw().as_ptr(), source.as_ptr().cast(), text.len() as _, c"<json>".as_ptr());
        owned(ctx, value)
    }
}

/// Runs one job of the queue; `None` when there was none, an error when it threw.
pub(crate) fn run_job(ctx: &Ctx<'_>) -> Option<Result<()>> {
    // SAFETY: the runtime is the context's own and the pointer that comes back is not used.
    let ran = unsafe {
        let mut of = ptr::null_mut();
        qjs::JS_ExecutePendingJob(qjs::JS_GetRuntime(ctx.as_raw().as_ptr()), &raw mut of)
    };
    match ran {
        0 => None,
        1.. => Some(Ok(())),
        _ => Some(Err(Error::Exception)),
    }
}

/// Throws what no `catch` and no `finally` stops.
pub(crate) fn throw_uncatchable(ctx: &Ctx<'_>) -> Error {
    // SAFETY: an error is made, marked and thrown; `JS_Throw` takes it over.
    unsafe {
        let raw = ctx.as_raw().as_ptr();
        let error = qjs::JS_NewError(raw);
        qjs::JS_SetUncatchableError(raw, error);
        qjs::JS_Throw(raw, error);
    }
    Error::Exception
}

/// The engine's number for the kind of an object.
pub(crate) fn kind(object: &Object<'_>) -> u32 {
    // SAFETY: the object is alive, and only read.
    unsafe { qjs::JS_GetClassID(object.as_raw()) }
}

/// What a proxy stands for; `null` when that was revoked, nothing when `value` is no proxy.
pub(crate) fn proxy_target<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Option<Value<'js>> {
    if !value.is_proxy() {
        return None;
    }
    // SAFETY: the target that comes back is ours.
    let target = unsafe { owned(ctx, qjs::JS_GetProxyTarget(ctx.as_raw().as_ptr(), value.as_raw())) };
    Some(target.unwrap_or_else(|_| Value::new_null(ctx.clone())))
}

/// SAFETY: `value` came from a call that gives away what it returns, in this context.
unsafe fn owned<'js>(ctx: &Ctx<'js>, value: qjs::JSValue) -> Result<Value<'js>> {
    // SAFETY: as promised by the caller; an exception has no value to own.
    unsafe { if qjs::JS_IsException(value) { Err(Error::Exception) } else { Ok(Value::from_raw(ctx.clone(), value)) } }
}
