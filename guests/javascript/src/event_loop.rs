//! What runs after the code of a turn: promises, timers, calls of the host's tools, requests and input, until nothing is left.

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use rquickjs::{Ctx, FromJs, Function, Persistent, Promise, Result, Value, promise::PromiseState};

use crate::{clock, engine, input, net, tools};

type Callback = Persistent<Function<'static>>;
type Kept = Persistent<Value<'static>>;

/// Why a loop ended before its time.
pub(crate) enum Stop<'js> {
    /// The program asked to end with this code.
    Exit(i32),
    /// Something was thrown that nobody caught.
    Thrown(Value<'js>),
    /// What the turn waits for cannot happen any more.
    Stuck,
}

#[derive(Default)]
struct Queue {
    /// By when they are due and in the order in which they were set.
    timers: BTreeMap<(u64, u32), Timer>,
    due: BTreeMap<u32, u64>,
    last_timer: u32,
    ticks: VecDeque<Callback>,
    immediates: VecDeque<Callback>,
    /// Promises that were rejected while nobody looked, with the reason.
    rejections: Vec<(Kept, Kept)>,
    exit: Option<i32>,
}

struct Timer {
    callback: Callback,
    /// Whether the loop waits for it.
    referenced: bool,
}

thread_local! {
    static QUEUE: RefCell<Queue> = RefCell::new(Queue::default());
}

fn queue<R>(action: impl FnOnce(&mut Queue) -> R) -> R {
    QUEUE.with_borrow_mut(action)
}

/// Runs what is pending. With a promise given, ends with an error as soon as it is rejected.
pub(crate) fn settle<'js>(ctx: &Ctx<'js>, awaited: Option<&Promise<'js>>) -> std::result::Result<(), Stop<'js>> {
    while round(ctx, awaited)? {}
    match awaited.map(Promise::state) {
        Some(PromiseState::Pending) => Err(Stop::Stuck),
        _ => Ok(()),
    }
}

/// Runs what is pending until a promise is settled, and gives what it was resolved to.
pub(crate) fn resolved<'js, T: FromJs<'js>>(
    ctx: &Ctx<'js>,
    promise: &Promise<'js>,
) -> std::result::Result<T, Stop<'js>> {
    microtasks(ctx, Some(promise))?;
    while promise.state() == PromiseState::Pending && round(ctx, Some(promise))? {}
    match promise.result() {
        Some(result) => check(ctx, result),
        None => Err(Stop::Stuck),
    }
}

/// Runs what can run now, and then waits for what comes next; false when nothing is left.
fn round<'js>(ctx: &Ctx<'js>, awaited: Option<&Promise<'js>>) -> std::result::Result<bool, Stop<'js>> {
    microtasks(ctx, awaited)?;
    // Only what is there now: a timer that sets another one does not keep the rest from running.
    let (newest, immediates) = queue(|queue| (queue.last_timer, queue.immediates.len()));
    let mut idle = immediates == 0;
    while let Some(timer) = due_timer(newest) {
        idle = false;
        run(ctx, timer)?;
        microtasks(ctx, awaited)?;
    }
    for _ in 0..immediates {
        let Some(callback) = queue(|queue| queue.immediates.pop_front()) else { break };
        run(ctx, callback)?;
        microtasks(ctx, awaited)?;
    }
    Ok(!idle || queue(|queue| !queue.immediates.is_empty()) || wait(ctx)?)
}

/// Ticks first, then the engine's jobs, until there are neither.
fn microtasks<'js>(ctx: &Ctx<'js>, awaited: Option<&Promise<'js>>) -> std::result::Result<(), Stop<'js>> {
    loop {
        while let Some(tick) = queue(|queue| queue.ticks.pop_front()) {
            run(ctx, tick)?;
        }
        let Some(ran) = engine::run_job(ctx) else {
            if queue(|queue| queue.ticks.is_empty()) {
                break;
            }
            continue;
        };
        check(ctx, ran)?;
    }
    if let Some(promise) = awaited.filter(|promise| promise.state() == PromiseState::Rejected) {
        let thrown = promise.result::<Value<'js>>();
        queue(|queue| queue.rejections.clear());
        return Err(thrown.map_or(Stop::Stuck, |_| Stop::Thrown(ctx.catch())));
    }
    let rejected = queue(|queue| queue.rejections.drain(..).next());
    match rejected.and_then(|(_, reason)| reason.restore(ctx).ok()) {
        Some(reason) => Err(Stop::Thrown(reason)),
        None => Ok(()),
    }
}

fn run<'js>(ctx: &Ctx<'js>, callback: Callback) -> std::result::Result<(), Stop<'js>> {
    let called = callback.restore(ctx).and_then(|function| function.call::<_, Value<'js>>(()));
    check(ctx, called).map(drop)
}

/// An exit goes before whatever was thrown to get there.
pub(crate) fn check<'js, T>(ctx: &Ctx<'js>, result: Result<T>) -> std::result::Result<T, Stop<'js>> {
    match (queue(|queue| queue.exit), result) {
        (Some(code), _) => {
            ctx.catch();
            Err(Stop::Exit(code))
        }
        (None, Ok(value)) => Ok(value),
        (None, Err(error)) => Err(Stop::Thrown(thrown(ctx, &error))),
    }
}

/// The value that was thrown, or one made of an error on our side.
fn thrown<'js>(ctx: &Ctx<'js>, error: &rquickjs::Error) -> Value<'js> {
    if !error.is_exception() {
        let _threw = rquickjs::Exception::throw_message(ctx, &error.to_string());
    }
    ctx.catch()
}

/// Sleeps until the next timer is due, a tool or a request has an answer, or there is input; false when there is nothing to wait for.
fn wait<'js>(ctx: &Ctx<'js>) -> std::result::Result<bool, Stop<'js>> {
    let others = net::pending() || input::pending() || tools::pending();
    let next = queue(|queue| {
        // One that the loop does not wait for may still end what it does wait for.
        let waited = others || queue.timers.values().any(|timer| timer.referenced);
        waited.then(|| queue.timers.keys().next().map(|(due, _)| *due)).flatten()
    });
    let left = next.map(|due| Duration::from_nanos(due.saturating_sub(clock::elapsed())));
    if net::pending() || input::pending() {
        // Whatever has an answer keeps nothing else from having its turn.
        let now = Some(Duration::ZERO);
        let answered = check(ctx, net::settle_one(ctx))?;
        if (!answered || input::pending()) && net::wait(if answered { now } else { left }) {
            check(ctx, input::settle(ctx))?;
        }
        return if tools::pending() { check(ctx, tools::wait(ctx, now)).map(|()| true) } else { Ok(true) };
    }
    if tools::pending() {
        return check(ctx, tools::wait(ctx, left)).map(|()| true);
    }
    match left {
        Some(left) => std::thread::sleep(left),
        // Answers that nobody can read any more may be all that others wait for.
        None if net::is_full() => {
            ctx.run_gc();
            return match engine::run_job(ctx) {
                Some(ran) => check(ctx, ran).map(|_| true),
                None => Ok(false),
            };
        }
        None => {}
    }
    Ok(left.is_some())
}

fn due_timer(newest: u32) -> Option<Callback> {
    queue(|queue| {
        let now = clock::elapsed();
        let &(due, id) = queue.timers.keys().take_while(|(due, _)| *due <= now).find(|(_, id)| *id <= newest)?;
        queue.due.remove(&id);
        queue.timers.remove(&(due, id)).map(|timer| timer.callback)
    })
}

/// Runs `callback` once, `ms` milliseconds from now, and gives the timer's number.
pub(crate) fn start_timer(callback: Callback, ms: f64, referenced: bool) -> u32 {
    queue(|queue| {
        queue.last_timer = queue.last_timer.wrapping_add(1).max(1);
        let id = queue.last_timer;
        let due = clock::elapsed().saturating_add((ms * 1_000_000.0) as u64);
        queue.due.insert(id, due);
        queue.timers.insert((due, id), Timer { callback, referenced });
        id
    })
}

/// Forgets a timer, if it has not run.
pub(crate) fn stop_timer(id: u32) {
    // What is forgotten is dropped only after the queue can be used again: a destructor may run code.
    let _timer = queue(|queue| queue.due.remove(&id).and_then(|due| queue.timers.remove(&(due, id))));
}

/// Whether the loop waits for this timer.
pub(crate) fn reference_timer(id: u32, referenced: bool) {
    queue(|queue| {
        let timer = queue.due.get(&id).and_then(|due| queue.timers.get_mut(&(*due, id)));
        timer.into_iter().for_each(|timer| timer.referenced = referenced);
    });
}

/// Runs `callback` before the next promise goes on.
pub(crate) fn tick(callback: Callback) {
    queue(|queue| queue.ticks.push_back(callback));
}

/// Runs `callback` after the timers that are due.
pub(crate) fn immediate(callback: Callback) {
    queue(|queue| queue.immediates.push_back(callback));
}

/// The program wants to end.
pub(crate) fn exit(code: i32) {
    queue(|queue| queue.exit = Some(code));
}

/// A promise was rejected with nobody to see it, or somebody looked after all.
pub(crate) fn rejection<'js>(ctx: &Ctx<'js>, promise: Value<'js>, reason: Value<'js>, handled: bool) {
    let promise = Persistent::save(ctx, promise);
    let reason = Persistent::save(ctx, reason);
    let _seen = queue(|queue| {
        if handled {
            let at = queue.rejections.iter().position(|(known, _)| *known == promise)?;
            return Some(queue.rejections.swap_remove(at));
        }
        queue.rejections.push((promise, reason));
        None
    });
}

/// Drops whatever a turn left behind when it failed: it is not run in the next one.
pub(crate) fn forget() {
    let last_timer = queue(|queue| queue.last_timer);
    let _left = queue(|queue| std::mem::replace(queue, Queue { last_timer, ..Queue::default() }));
    tools::forget();
    net::forget();
    input::wait_for(None);
}
