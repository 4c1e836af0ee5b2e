//! Fairness between guests on one executor: a guest that runs longer than a tick takes turns with the others of its kind, as
//! many at a time as there are processors, so that one that has just come never waits behind a thousand that spin.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    host::{Control, Wait},
    jail::own::PerProcess,
};

/// Ticks of one turn. In between, the guest still gives way to whoever has just come; its turn goes on after that.
const TICKS: u32 = 10;

static TURNS: PerProcess<Semaphore> =
    PerProcess::new(|| Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)));

type Held = Mutex<Option<SemaphorePermit<'static>>>;

/// One guest's place among the others.
#[derive(Default)]
pub(super) struct Turn {
    /// Whether the guest has just been given the thread back.
    pub(super) resumed: bool,
    /// Ticks left of the current turn.
    left: u32,
    /// Made when it is first needed: by an entry that may be left at any time, or at the first tick.
    held: Option<Arc<Held>>,
}

impl Turn {
    /// Gives way at a tick. The future is ready when the guest may go on, or when it has to be told that its time is up.
    pub(super) fn give_way(
        &mut self,
        control: Arc<Control>,
        deadline: Instant,
    ) -> impl Future<Output = ()> + Send + use<> {
        let goes_on = self.left > 0;
        if goes_on {
            self.left -= 1;
        } else {
            self.end();
            self.left = TICKS;
        }
        let held = Arc::clone(self.held.get_or_insert_default());
        async move {
            tokio::task::yield_now().await;
            if goes_on {
                return;
            }
            tokio::select! {
                biased;
                turn = TURNS.get().acquire() => *held.lock().unwrap_or_else(PoisonError::into_inner) = turn.ok(),
                _ = wait(control, deadline) => {}
            }
        }
    }

    /// While a guest is entered by a future, which may be dropped at any time.
    pub(super) fn enter(&mut self) -> Entered {
        self.left = 0;
        Entered(Arc::clone(self.held.get_or_insert_default()))
    }

    /// The guest waits for something else than its turn.
    pub(super) fn end(&mut self) {
        self.left = 0;
        if let Some(held) = &self.held {
            held.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }
}

/// Gives the guest's place back when it is left, however that is.
pub(super) struct Entered(Arc<Held>);

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

async fn wait(control: Arc<Control>, deadline: Instant) {
    control.wait(&Wait::forever(), deadline).await;
}
