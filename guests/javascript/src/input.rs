//! Standard input as it comes: a piece at a time, while timers, tools and requests go on.

use std::cell::RefCell;

use rquickjs::{Ctx, Function, Persistent, Result};

use crate::natives::files;

const STDIN: i32 = 0;

type Settle = Persistent<Function<'static>>;

thread_local! {
    /// Who waits for the next piece.
    static WAITING: RefCell<Option<Settle>> = const { RefCell::new(None) };
}

/// Has `settle`, and nobody else, get the next piece.
pub(crate) fn wait_for(settle: Option<Settle>) {
    // What is forgotten is dropped only after this can be used again: a destructor may run code.
    let _forgotten = WAITING.replace(settle);
}

/// Whether somebody waits for a piece.
pub(crate) fn pending() -> bool {
    WAITING.with_borrow(Option::is_some)
}

/// Hands over the next piece, or why there is none. The host has said that there is something to read.
pub(crate) fn settle(ctx: &Ctx<'_>) -> Result<()> {
    let Some(settle) = WAITING.take() else { return Ok(()) };
    let piece = files::read_piece(ctx, STDIN, files::MOST_PIECE)?;
    settle.restore(ctx)?.call((piece,))
}
