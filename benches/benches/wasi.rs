//! Files and streams through our WASI 0.2 beside `wasmtime-wasi`'s, for one component with the same settings of the engine.

use std::{path::Path, process::Command, time::Duration};

use wasm_sandbox::{ByteUnits, InstanceConfig, ResourceLimits, Setup, Source, WasmSandbox};
use wasm_sandbox_bench::pair;
use wasmtime::{
    Config, Engine, Store, UpdateDeadline,
    component::{Component, Linker, ResourceTable},
};
use wasmtime_wasi::{
    FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView,
    p2::{
        add_to_linker_sync,
        bindings::sync::{Command as Program, CommandPre},
        pipe::{MemoryInputPipe, MemoryOutputPipe},
    },
};

const TOTAL: usize = 64 << 20;

/// What is moved, and in pieces of how many bytes.
const MOVES: [(&str, usize); 7] = [
    ("write", 64 << 10),
    ("write", 4 << 10),
    ("read", 64 << 10),
    ("read", 4 << 10),
    ("print", 64 << 10),
    ("print", 4 << 10),
    ("take", 64 << 10),
];

/// A host of `wasmtime-wasi`.
struct Theirs {
    context: WasiCtx,
    table: ResourceTable,
}

impl WasiView for Theirs {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.context, table: &mut self.table }
    }
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let guest = guest(folder.path());
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    let input: &[u8] = vec![7; TOTAL].leak();

    let limits = ResourceLimits {
        timeout: Duration::from_secs(600),
        cpu_time: Duration::from_secs(600),
        output: 100.mb(),
        input: 100.mb(),
        disk: 1.gb(),
        file_size: 1.gb(),
        ..ResourceLimits::default()
    };
    let config = InstanceConfig::builder().filesystem_write(&data, "/data").limits(limits).build().expect("a policy");
    let builder = WasmSandbox::builder().setup(Setup::default()).config(config).source(Source::from(&guest[..]));
    let ours = builder.stdin(input).build_blocking().expect("the program loads");

    let engine = engine();
    let component = Component::new(&engine, &guest).expect("the program compiles");
    let mut linker = Linker::<Theirs>::new(&engine);
    add_to_linker_sync(&mut linker).expect("WASI links");
    let linked = CommandPre::new(linker.instantiate_pre(&component).expect("imports")).expect("a program");

    for (what, piece) in MOVES {
        let size = piece.to_string();
        pair(
            &format!("wasi 0.2: {what} 64 MiB by {} KiB", piece >> 10),
            1,
            1.0,
            || {
                let result = ours.execute([what, &size]).expect("a run");
                assert!(result.success, "{result:?}");
            },
            || theirs(&engine, &linked, what, &size, &data, input),
        );
    }
}

/// The component that the machine's Rust makes of the guest.
fn guest(folder: &Path) -> Vec<u8> {
    let (source, output) = (folder.join("streams.rs"), folder.join("streams.wasm"));
    std::fs::write(&source, include_str!("streams.rs")).expect("a file");
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition=2024", "-Copt-level=3", "--target=wasm32-wasip2", "-o"]).arg(&output).arg(&source);
    assert!(rustc.status().expect("rustc").success(), "`rustup target add wasm32-wasip2` adds what it needs");
    std::fs::read(output).expect("the component")
}

fn engine() -> Engine {
    let mut config = Config::new();
    config.epoch_interruption(true).max_wasm_stack(1 << 20).wasm_component_model(true);
    Engine::new(&config).expect("an engine")
}

fn theirs(engine: &Engine, linked: &CommandPre<Theirs>, what: &str, size: &str, data: &Path, input: &'static [u8]) {
    let mut context = WasiCtxBuilder::new();
    context.args(&["guest", what, size]).stdout(MemoryOutputPipe::new(TOTAL + 1)).allow_blocking_current_thread(true);
    context.stdin(MemoryInputPipe::new(input));
    context.preopened_dir(data, "/data", FsPerms::ReadWrite).expect("the folder");
    let mut store = Store::new(engine, Theirs { context: context.build(), table: ResourceTable::new() });
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Continue(1)));
    let program: Program = linked.instantiate(&mut store).expect("an instance");
    program.wasi_cli_run().call_run(&mut store).expect("a run").expect("success");
}
