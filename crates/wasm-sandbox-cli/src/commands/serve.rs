//! `serve`: a server until somebody ends it, and its log.

use std::{
    io::{self, Write},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio::sync::Notify;
use wasm_sandbox::{ConfigProblem, Ending, GuestKind, Plain, SandboxError, WasmSandbox};
use wasm_sandbox_server::{AccessEntry, HttpServer, ServerConfig};

use super::machine;
use crate::{
    options::{ServeOptions, Verbosity},
    output::Failure,
    project::Project,
    report, signals,
};

/// How long ends of what was cut off are waited for, and a log that nobody reads.
const PATIENCE: Duration = Duration::from_secs(1);

/// Places for sandboxes that one request may take: a component takes one for each of its memories, and 16 are the most.
const PLACES: u32 = 16;

/// Places that address space is reserved for at most, as in the library's own default.
const MAX_PLACES: u32 = 4000;

/// Records that wait to be written; where nobody reads the log, later ones are lost, and counted.
const MAX_WAITING: usize = 256;

pub(crate) fn serve(options: &ServeOptions, verbosity: Verbosity) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| SandboxError::internal("starting threads", error))?;
    let log = Log::new(options.json, verbosity);
    let served = runtime.block_on(serve_here(options, &log, verbosity));
    // What is still under way writes its record as it goes.
    runtime.shutdown_timeout(PATIENCE);
    log.close();
    served.map(|()| ExitCode::SUCCESS)
}

async fn serve_here(options: &ServeOptions, log: &Log, verbosity: Verbosity) -> Result<(), Failure> {
    let project = Project::named(options.file.as_deref(), &options.policy)?;
    project.is_used_as(GuestKind::Http)?;
    let builder = WasmSandbox::builder()
        .setup(machine::here(verbosity).max_sandboxes(places(options.concurrency)))
        .source(project.source())
        .config(project.policy(&options.policy, verbosity)?);
    let handler = builder.build().await?.http_handler()?;
    let server = HttpServer::bind(handler, options.config(), log.sink()).await;
    let server = server.map_err(|error| cannot_listen(options, &error))?;
    let address = server.address().map_err(|error| SandboxError::internal("asking for the address", error))?;
    let end = Arc::new(Notify::new());
    let asked = Arc::clone(&end);
    let _stopping = signals::stopping(move || asked.notify_one());
    if verbosity >= Verbosity::Normal {
        report::note(&format!("serving `{}` on http://{address}", project.source().display()));
    }
    let ended = async {
        end.notified().await;
        if verbosity >= Verbosity::Normal {
            let left = humantime::format_duration(options.drain);
            report::note(&format!("ending: requests under way have {left}; a second signal ends them at once"));
        }
    };
    let all = server.run(ended).await;
    if !all && verbosity >= Verbosity::Normal {
        report::note("some requests were cut off: their time to end was up");
    }
    Ok(())
}

fn cannot_listen(options: &ServeOptions, error: &io::Error) -> SandboxError {
    let remedy = match error.kind() {
        io::ErrorKind::AddrInUse => "name another port, or 0 for any that is free",
        io::ErrorKind::PermissionDenied => "name a port from 1024 on",
        io::ErrorKind::AddrNotAvailable => "name an address of this machine",
        _ => return SandboxError::internal(format!("listening on {}", options.listen), error),
    };
    let problem = ConfigProblem::new("--listen", format!("`{}` cannot be listened on: {error}", options.listen));
    SandboxError::Configuration { problems: vec![problem.suggest(remedy)] }
}

impl ServeOptions {
    fn config(&self) -> ServerConfig {
        let mut config = ServerConfig::default();
        (config.listen, config.body) = (self.listen, self.max_body);
        (config.exchanges, config.drain_time) = (self.concurrency.into(), self.drain);
        config
    }
}

fn places(concurrency: u16) -> u32 {
    u32::from(concurrency).saturating_mul(PLACES).min(MAX_PLACES.max(concurrency.into()))
}

/// Writes records in a thread of its own: a reader that is slow holds up nobody but the log.
struct Log {
    waiting: SyncSender<AccessEntry>,
    lost: Arc<AtomicU64>,
    writer: JoinHandle<()>,
}

impl Log {
    fn new(json: bool, verbosity: Verbosity) -> Self {
        let (waiting, records) = sync_channel::<AccessEntry>(MAX_WAITING);
        let lost: Arc<AtomicU64> = Arc::default();
        let told = Arc::clone(&lost);
        let writer = std::thread::spawn(move || {
            for record in records {
                write(&record, json, verbosity);
                tell_lost(&told);
            }
            tell_lost(&told);
        });
        Self { waiting, lost, writer }
    }

    fn sink(&self) -> impl Fn(AccessEntry) + Send + Sync + 'static {
        let (waiting, lost) = (self.waiting.clone(), Arc::clone(&self.lost));
        move |record| {
            if waiting.try_send(record).is_err() {
                lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Writes what there is, unless nobody reads it.
    fn close(self) {
        let Self { waiting, writer, .. } = self;
        drop(waiting);
        let begun = Instant::now();
        while !writer.is_finished() && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn tell_lost(lost: &AtomicU64) {
    let lost = lost.swap(0, Ordering::Relaxed);
    if lost > 0 {
        report::note(&format!("{lost} requests are not in the log: it was not read fast enough"));
    }
}

/// One record. That nobody reads the log ends no server.
fn write(record: &AccessEntry, json: bool, verbosity: Verbosity) {
    let line = match json {
        true => serde_json::to_string(record).unwrap_or_default(),
        false => text(record),
    };
    let _ = writeln!(anstream::stdout(), "{line}");
    let (false, Some(result)) = (json, &record.result) else { return };
    if verbosity >= Verbosity::Normal {
        let printed = [result.stdout.bytes(), result.stderr.bytes()].concat();
        // The limit that has ended it is in its line.
        let was_told = result.limits_hit.len() > usize::from(matches!(result.ending, Ending::Limit(_)));
        if !printed.is_empty() || !result.denials.is_empty() || was_told {
            let at = humantime::format_rfc3339_millis(record.at);
            report::note(&format!("{at} {} {} {}:", record.client, record.method, record.path));
        }
        report::printed(&printed);
        if record.bytes_cut > 0 {
            report::note(&format!("{} bytes more were printed", record.bytes_cut));
        }
        report::denials(result, None);
        report::limits(result);
    }
    if verbosity >= Verbosity::Verbose {
        report::usage(result);
    }
}

/// Who asked for what and when, what was answered, how much and how fast, and why if it went wrong.
fn text(record: &AccessEntry) -> String {
    let at = humantime::format_rfc3339_millis(record.at);
    let status = record.status.map_or("-".to_owned(), |status| status.to_string());
    let millis = record.duration.as_secs_f64() * 1e3;
    let error = record.error.as_ref().map(|error| format!(" {}: {}", error.code, error.message)).unwrap_or_default();
    let reason = record.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let (client, method, path, sent) = (record.client, &record.method, &record.path, record.bytes_sent);
    let line = format!("{at} {client} {method} {path} {status} {sent} {millis:.1}ms{error}{reason}");
    Plain::line(&line).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]

    use clap::Parser;

    use super::*;
    use crate::options::{Command, CommandLine};

    #[test]
    fn what_no_flag_says_is_as_the_server_has_it() {
        let line = CommandLine::try_parse_from(["wasm-sandbox", "serve"]).map(|line| line.command);
        let Ok(Command::Serve(options)) = line else { panic!("no `serve`") };
        assert_eq!(options.config(), ServerConfig::default());
    }

    #[test]
    fn a_request_of_the_largest_component_has_its_places() {
        assert_eq!([1, 100, 250, 5000].map(places), [16, 1600, 4000, 5000]);
    }
}
