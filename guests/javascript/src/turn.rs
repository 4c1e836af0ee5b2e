//! The interpreter and its turns.

use std::{borrow::Cow, collections::BTreeMap};

use rquickjs::{
    CatchResultExt, Context, Ctx, Function, Module, Object, Persistent, Result, Runtime, Value, convert::List,
    promise::PromiseState,
};

use crate::{
    engine::{self, Mode},
    event_loop::{self, Stop},
    imports,
    modules::{self, Files, Names},
    request::{Answer, Language, Op, Request, without_lone_surrogates},
    reserve, typescript,
};

type Outcome<'js, T> = std::result::Result<T, Stop<'js>>;

/// The interpreter of one sandbox.
pub(crate) struct Guest {
    context: Context,
    /// The library's `main.js`.
    hooks: Persistent<Object<'static>>,
    runtime: Runtime,
}

impl Guest {
    /// Makes it, with the library in place. The library is ours: where it does not start, nothing can.
    pub(crate) fn start() -> Self {
        match Self::try_start() {
            Ok(guest) => guest,
            Err(message) => {
                eprintln!("the library does not start: {message}");
                std::process::abort();
            }
        }
    }

    fn try_start() -> std::result::Result<Self, String> {
        let runtime = Runtime::new().map_err(|error| error.to_string())?;
        runtime.set_max_stack_size(engine::STACK_BYTES);
        runtime.set_loader(Names, Files);
        runtime.set_host_promise_rejection_tracker(Some(Box::new(|ctx, promise, reason, handled| {
            event_loop::rejection(&ctx, promise, reason, handled);
        })));
        let context = Context::full(&runtime).map_err(|error| error.to_string())?;
        let hooks = context.with(|ctx| {
            let hooks = load_library(&ctx).catch(&ctx).map_err(|error| error.to_string())?;
            Ok::<_, String>(Persistent::save(&ctx, hooks))
        })?;
        runtime.run_gc();
        Ok(Self { context, hooks, runtime: runtime })
    }

    /// How much of its stack the engine may use.
    pub(crate) fn limit_stack(&self, bytes: usize) {
        self.runtime.set_max_stack_size(bytes);
    }

    /// Answers one request.
    pub(crate) fn turn(&self, request: &[u8]) -> String {
        reserve::keep();
        let request = match serde_json::from_slice::<Request<'_>>(request) {
            Ok(request) => request,
            Err(error) => return Answer::failed("RequestError", &error.to_string()).into_text(),
        };
        if let Some(folder) = &request.folder {
            modules::enter(folder);
        }
        self.context.with(|ctx| {
            let Ok(hooks) = self.hooks.clone().restore(&ctx) else {
                return Answer::failed("InternalError", "the library is gone").into_text();
            };
            Turn { ctx: &ctx, hooks }.answer(request).into_text()
        })
    }
}

fn load_library<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let main = crate::library::text("internal:main").unwrap_or_default();
    let (module, loaded) = Module::declare(ctx.clone(), "internal:main", main)?.eval()?;
    loaded.finish::<()>()?;
    module.namespace()?.get("default")
}

/// One request being answered.
struct Turn<'a, 'js> {
    ctx: &'a Ctx<'js>,
    hooks: Object<'js>,
}

impl<'js> Turn<'_, 'js> {
    fn answer(&self, request: Request<'_>) -> Answer {
        let lasting = !matches!(request.op, Op::Run);
        let outcome = match request.op {
            Op::Eval => self.evaluate(&request),
            Op::Run => self.run(&request),
            Op::Load => self.load(&request),
            Op::Call => self.call(&request),
            Op::Describe => self.hook("describe", ()),
            Op::Serve => self.serve(&request),
        };
        let strict = matches!(request.op, Op::Call);
        let answer = outcome.and_then(|value| self.render(&value, strict));
        answer.unwrap_or_else(|stop| self.stopped(stop, lasting))
    }

    /// Code in the global scope: what it declares stays, and its last expression is the value.
    fn evaluate(&self, request: &Request<'_>) -> Outcome<'js, Value<'js>> {
        let name = request.name.as_deref().unwrap_or("<eval>");
        let code = self.with_imports(&request, name)?;
        let code = match request.language {
            Language::JavaScript => self.as_expression(&code, name).map_or(code, Cow::Owned),
            Language::TypeScript => Cow::Owned(self.translated_turn(&code, name)?),
        };
        let mode = if code.contains("await") { Mode::Waiting } else { Mode::Script };
        let value = self.check(engine::evaluate(self.ctx, &code, name, 1, mode))?;
        let value = self.settled(value)?;
        if matches!(mode, Mode::Script) {
            return Ok(value);
        }
        let value = self.check(value.get::<Object<'js>>().and_then(|result| result.get("value")))?;
        self.settled(value)
    }

    /// The code of a turn without its imports, once these are there.
    fn with_imports<'r>(&self, request: &'r Request<'_>, name: &str) -> Outcome<'js, Cow<'r, str>> {
        let code = Cow::Borrowed(request.code.as_ref());
        match imports::taken_out(&code, request.language) {
            Ok(None) => Ok(code),
            Ok(Some(turn)) => {
                turn.imports.iter().try_for_each(|import| import.bring(self.ctx, name))?;
                Ok(Cow::Owned(turn.code))
            }
            // The translator says it by itself; and what the engine takes, which is not strict, is no import.
            Err(_) if request.language == Language::TypeScript || self.compiles(&code, name) => Ok(code),
            Err(problem) => self.check(Err(modules::syntax_error(self.ctx, name, &problem))),
        }
    }

    /// `{a: 1}` is meant as an object where that is possible, not as a block.
    fn as_expression(&self, code: &str, name: &str) -> Option<String> {
        in_parentheses(code).filter(|code| self.compiles(code, name))
    }

    fn compiles(&self, code: &str, name: &str) -> bool {
        let compiled = engine::evaluate(self.ctx, code, name, 1, Mode::Check);
        if compiled.is_err() {
            self.ctx.catch();
        }
        compiled.is_ok()
    }

    /// The same for TypeScript.
    fn translated_turn(&self, code: &str, name: &str) -> Outcome<'js, String> {
        if let Some(code) = in_parentheses(code) {
            match modules::translate(self.ctx, name, &code) {
                Ok((code, _)) => return Ok(code),
                Err(_) => drop(self.ctx.catch()),
            }
        }
        self.check(modules::translate(self.ctx, name, code)).map(|(code, _)| code)
    }

    /// A program, with arguments, as a module of either kind.
    fn run(&self, request: &Request<'_>) -> Outcome<'js, Value<'js>> {
        let name = request.name.as_deref().unwrap_or("main.js");
        let arguments = self.arguments(request.arguments.map_or("[]", serde_json::value::RawValue::get))?;
        self.hook("prepare", (name, arguments))?;
        let (code, _) = self.translated(&request, name)?;
        drop(self.module(name, &code)?);
        self.hook("finish", ())?;
        event_loop::settle(self.ctx, None)?;
        let code: i32 = self.hook("exitCode", ())?.as_int().unwrap_or_default();
        if code == 0 { Ok(Value::new_undefined(self.ctx.clone())) } else { Err(Stop::Exit(code)) }
    }

    /// A module whose exports are kept for calls.
    fn load(&self, request: &Request<'_>) -> Outcome<'js, Value<'js>> {
        let name = request.name.as_deref().unwrap_or("main.js");
        let (text, types) = self.translated(&request, name)?;
        let code: String = self.check(self.hook("exporting", (name, text.as_ref()))?.get())?;
        let exports = self.module(name, &code)?;
        let types = serde_json::to_string(&types).unwrap_or_else(|_| "{}".to_owned());
        let types = self.check(engine::parse_json(self.ctx, &types))?;
        self.hook("keep", (exports, text.as_ref(), types))
    }

    /// The text of a program in JavaScript, and the types of its functions where it has any.
    fn translated<'r>(
        &self,
        request: &'r Request<'_>,
        name: &str,
    ) -> Outcome<'js, (Cow<'r, str>, BTreeMap<String, typescript::Function>)> {
        if request.language == Language::JavaScript && !typescript::is_typescript(name) {
            return Ok((Cow::Borrowed(&request.code), BTreeMap::new()));
        }
        let (code, types) = self.check(modules::translate(self.ctx, name, &request.code))?;
        Ok((Cow::Owned(code), types))
    }

    fn call(&self, request: &Request<'_>) -> Outcome<'js, Value<'js>> {
        let arguments = self.arguments(request.arguments.map_or("[]", serde_json::value::RawValue::get))?;
        let value = self.hook("call", (request.function.as_ref(), arguments))?;
        self.settled(value)
    }

    /// Has the handler that was loaded answer a client's request. What it leaves under way ends with the answer.
    fn serve(&self, request: &Request<'_>) -> Outcome<'js, Value<'js>> {
        let asked = self.arguments(request.request.map_or("null", serde_json::value::RawValue::get))?;
        let served = self.hook("serve", (asked,))?;
        match served.as_promise() {
            Some(promise) => event_loop::resolved(self.ctx, promise),
            None => Err(Stop::Stuck),
        }
    }

    fn arguments(&self, json: &str) -> Outcome<'js, Value<'js>> {
        self.check(engine::parse_json(self.ctx, json))
    }

    /// Evaluates a module of either kind, with all that it starts, and gives its exports.
    fn module(&self, name: &str, code: &str) -> Outcome<'js, Value<'js>> {
        if modules::is_common(name, code) {
            let exports = self.hook("runCommon", (name, code))?;
            event_loop::settle(self.ctx, None)?;
            return Ok(exports);
        }
        let module = self.check(modules::declare(self.ctx, name, code.to_owned()))?;
        let (module, evaluated) = self.check(module.eval())?;
        event_loop::settle(self.ctx, Some(&evaluated))?;
        self.check(module.namespace().map(Object::into_value))
    }

    /// Runs the event loop; a promise becomes what it was resolved to.
    fn settled(&self, value: Value<'js>) -> Outcome<'js, Value<'js>> {
        let Some(promise) = value.as_promise() else {
            event_loop::settle(self.ctx, None)?;
            return Ok(value);
        };
        event_loop::settle(self.ctx, Some(promise))?;
        match (promise.state(), promise.result::<Value<'js>>()) {
            (PromiseState::Resolved, Some(Ok(value))) => Ok(value),
            _ => Err(Stop::Stuck),
        }
    }

    /// Calls a function of `main.js`.
    fn hook(&self, name: &str, arguments: impl rquickjs::function::IntoArgs<'js>) -> Outcome<'js, Value<'js>> {
        self.check(self.hooks.get::<_, Function<'js>>(name).and_then(|hook| hook.call(arguments)))
    }

    fn check<T>(&self, result: Result<T>) -> Outcome<'js, T> {
        event_loop::check(self.ctx, result)
    }

    /// A value for the host. The simplest, which are the most frequent, take no JavaScript. With `strict`, a value that has
    /// no form in JSON is an error, for then its text is lost.
    fn render(&self, value: &Value<'js>, strict: bool) -> Outcome<'js, Answer> {
        if value.is_undefined() {
            return Ok(Answer::nothing());
        }
        if let Some(number) = value.as_int() {
            return Ok(Answer::Value { json: number.to_string(), text: number.to_string(), undefined: false });
        }
        let rendered = self.hook("render", (value.clone(), strict))?;
        let List((json, text)): List<(String, String)> = self.check(rendered.get())?;
        Ok(Answer::Value { json: without_lone_surrogates(json), text, undefined: false })
    }

    fn stopped(&self, stop: Stop<'js>, lasting: bool) -> Answer {
        let answer = match stop {
            Stop::Exit(code) => Answer::Exit(code),
            Stop::Stuck => Answer::failed(
                "Error",
                "a promise that is waited for was never settled, and nothing is left that could",
            ),
            Stop::Thrown(thrown) => self.report(thrown),
        };
        event_loop::forget();
        if lasting {
            // Promises that were under way end here, not in the next turn.
            while let Some(ran) = engine::run_job(self.ctx) {
                if ran.is_err() {
                    self.ctx.catch();
                }
            }
            event_loop::forget();
        }
        answer
    }

    /// What is known about a value that was thrown; memory or stack may be short. Where there was no memory for an error,
    /// the engine throws `null`.
    fn report(&self, thrown: Value<'js>) -> Answer {
        let out_of_memory = || Answer::failed("InternalError", "out of memory");
        if thrown.is_null() && !reserve::memory_grows() {
            return out_of_memory();
        }
        match self.hook("report", (thrown.clone(),)).and_then(|report| self.check(report.get::<String>())) {
            Ok(report) => Answer::Error(without_lone_surrogates(report)),
            Err(_) => {
                let read =
                    |name| thrown.as_object().and_then(|error| error.get::<_, String>(name).ok()).unwrap_or_default();
                let _failed = self.ctx.catch();
                let name = read("name");
                if name.is_empty() { out_of_memory() } else { Answer::failed(&name, &read("message")) }
            }
        }
    }
}

/// Code that may be meant as an object, written so that it can be nothing else.
fn in_parentheses(code: &str) -> Option<String> {
    let trimmed = code.trim();
    (trimmed.starts_with('{') && trimmed.ends_with('}')).then(|| format!("({code})"))
}
