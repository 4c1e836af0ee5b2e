//! The functions of Rust that the library's JavaScript is written over: the module `internal:native`.

pub(crate) mod files;
mod hashes;
mod text;
mod url;

use rquickjs::{
    ArrayBuffer, Ctx, Exception, Function, Object, Persistent, Promise, Result, TypedArray, Value,
    convert::List,
    module::{Declarations, Exports, ModuleDef},
    promise::PromiseState,
};

use crate::{clock, engine, event_loop, input, modules, net, random, tools};

/// The module, with everything in one object.
pub(crate) struct Natives;

impl ModuleDef for Natives {
    fn declare(declarations: &Declarations<'_>) -> Result<()> {
        declarations.declare("default")?;
        Ok(())
    }

    fn evaluate<'js>(ctx: &Ctx<'js>, exports: &Exports<'js>) -> Result<()> {
        let natives = Object::new(ctx.clone())?;
        add_values(ctx, &natives)?;
        add_loop(ctx, &natives)?;
        add_system(ctx, &natives)?;
        text::add(ctx, &natives)?;
        url::add(ctx, &natives)?;
        files::add(ctx, &natives)?;
        hashes::add(ctx, &natives)?;
        exports.export("default", natives)?;
        Ok(())
    }
}

/// What only the engine knows about values.
fn add_values<'js>(ctx: &Ctx<'js>, natives: &Object<'js>) -> Result<()> {
    natives.set("kind", Function::new(ctx.clone(), |object: Object<'js>| engine::kind(&object))?)?;
    natives.set(
        "proxyTarget",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, value: Value<'js>| engine::proxy_target(&ctx, &value))?,
    )?;
    natives.set("promiseState", Function::new(ctx.clone(), promise_state)?)?;
    natives.set("compile", Function::new(ctx.clone(), compile)?)?;
    natives.set(
        "resolve",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, base: String, name: String| modules::resolve(&ctx, &base, &name))?,
    )?;
    natives.set("readModule", Function::new(ctx.clone(), |ctx: Ctx<'js>, path: String| modules::read(&ctx, &path))?)?;
    natives.set(
        "original",
        Function::new(ctx.clone(), |name: String, line: u32, column: u32| {
            modules::original(&name, line, column).map(|(line, column)| vec![line, column])
        })?,
    )?;
    natives.set("isCommon", Function::new(ctx.clone(), |name: String, text: String| modules::is_common(&name, &text))?)
}

fn promise_state<'js>(ctx: Ctx<'js>, promise: Promise<'js>) -> Result<List<(&'static str, Value<'js>)>> {
    let state = match promise.state() {
        PromiseState::Pending => return Ok(List(("pending", Value::new_undefined(ctx)))),
        PromiseState::Resolved => "resolved",
        PromiseState::Rejected => "rejected",
    };
    let result = match promise.result::<Value<'js>>() {
        Some(Ok(value)) => value,
        _ => ctx.catch(),
    };
    Ok(List((state, result)))
}

/// A function around the text of a CommonJS module. The text begins on a line of its own, the first: the ones before it have
/// the numbers -1 and 0, since the engine takes a zero that it is given for a one.
fn compile<'js>(ctx: Ctx<'js>, text: String, name: String) -> Result<Value<'js>> {
    let text = text.strip_prefix("#!").map_or(text.clone(), |rest| format!("//{rest}"));
    let function = format!("(function (exports, require, module, __filename, __dirname) {{\n\n{text}\n}})");
    engine::evaluate(&ctx, &function, &name, -1, engine::Mode::Script)
}

fn add_loop<'js>(ctx: &Ctx<'js>, natives: &Object<'js>) -> Result<()> {
    let keep = |ctx: &Ctx<'js>, function: Function<'js>| Persistent::save(ctx, function);
    natives.set(
        "timerStart",
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, callback: Function<'js>, ms: f64, referenced: bool| {
            event_loop::start_timer(keep(&ctx, callback), ms, referenced)
        })?,
    )?;
    natives.set("timerStop", Function::new(ctx.clone(), event_loop::stop_timer)?)?;
    natives.set("timerReference", Function::new(ctx.clone(), event_loop::reference_timer)?)?;
    natives.set("microtask", Function::new(ctx.clone(), |callback: Function<'js>| callback.defer(()))?)?;
    natives.set(
        "tick",
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, callback: Function<'js>| {
            event_loop::tick(keep(&ctx, callback))
        })?,
    )?;
    natives.set(
        "immediate",
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, callback: Function<'js>| {
            event_loop::immediate(keep(&ctx, callback))
        })?,
    )?;
    natives.set(
        "toolStart",
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, request: String, settle: Function<'js>| {
            tools::start(&request, keep(&ctx, settle))
        })?,
    )?;
    natives.set(
        "inputStart",
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, settle: Function<'js>| {
            input::wait_for(Some(keep(&ctx, settle)));
        })?,
    )?;
    natives.set("inputStop", Function::new(ctx.clone(), || input::wait_for(None))?)?;
    natives.set("netOpened", Function::new(ctx.clone(), net::opened)?)?;
    natives.set("netIsOpen", Function::new(ctx.clone(), net::is_open)?)?;
    natives.set("netIsFull", Function::new(ctx.clone(), net::is_full)?)?;
    natives.set("netNext", Function::new(ctx.clone(), |ctx: Ctx<'js>| net::next(&ctx))?)?;
    natives.set(
        "netQueue",
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, settle: Function<'js>| net::queue(keep(&ctx, settle)))?,
    )?;
    natives.set("netClose", Function::new(ctx.clone(), net::close)?)?;
    natives.set("netAsk", Function::new(ctx.clone(), ask)?)
}

/// Asks the network for something: two letters, a request's number, a port, bytes, and how many the answer may have.
fn ask<'js>(
    ctx: Ctx<'js>,
    asks: String,
    request: u32,
    port: u16,
    carried: TypedArray<'js, u8>,
    room: usize,
    settle: Function<'js>,
) -> Result<Option<List<(i32, Value<'js>)>>> {
    let asks = asks.as_bytes().first_chunk().copied().unwrap_or_default();
    let asked = net::Asked::new(asks, request, port, bytes(&carried).to_vec(), room);
    net::ask(&ctx, asked, Persistent::save(&ctx, settle))
}

fn add_system<'js>(ctx: &Ctx<'js>, natives: &Object<'js>) -> Result<()> {
    natives.set("elapsed", Function::new(ctx.clone(), || clock::elapsed() as f64)?)?;
    natives.set("random", Function::new(ctx.clone(), random::next)?.with_name("random")?.with_length(0)?)?;
    natives.set("fillRandom", Function::new(ctx.clone(), fill_random)?)?;
    natives.set("folder", Function::new(ctx.clone(), modules::working_folder)?)?;
    natives.set("changeFolder", Function::new(ctx.clone(), modules::change_folder)?)?;
    natives.set("environment", Function::new(ctx.clone(), || std::env::vars_os().map(pair).collect::<Vec<_>>())?)?;
    natives.set(
        "exit",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, code: i32| -> Result<()> {
            event_loop::exit(code);
            Err(engine::throw_uncatchable(&ctx))
        })?,
    )
}

fn pair((name, value): (std::ffi::OsString, std::ffi::OsString)) -> Vec<String> {
    vec![name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()]
}

fn fill_random<'js>(ctx: Ctx<'js>, len: usize) -> Result<ArrayBuffer<'js>> {
    let mut bytes = Vec::new();
    if bytes.try_reserve_exact(len).is_err() {
        return Err(Exception::throw_range(&ctx, "that many bytes are too many"));
    }
    bytes.resize(len, 0);
    if random::fill(&mut bytes) {
        ArrayBuffer::new(ctx, bytes)
    } else {
        Err(Exception::throw_message(&ctx, "the sandbox has no randomness"))
    }
}

/// The bytes of an array of bytes that a native function got.
fn bytes<'a>(array: &'a TypedArray<'_, u8>) -> &'a [u8] {
    array.as_bytes().unwrap_or_default()
}
