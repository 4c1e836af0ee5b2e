//! One guest after another and many at a time: nothing of one reaches the next, and all together are bounded.

use wasm_sandbox::{
    ByteUnits, Ending, InstanceConfig, ResourceKind, ResourceLimits, SandboxError, Setup, WasmSandbox, blocking,
};

use crate::{alone, process, wat};

fn sandbox(text: &str, instances: u32, limits: ResourceLimits) -> blocking::WasmSandbox {
    let config = InstanceConfig::builder().limits(limits).build().unwrap();
    let setup = Setup::default().max_sandboxes(instances);
    WasmSandbox::builder().setup(setup).config(config).source(wat(text)).build_blocking().unwrap()
}

/// A guest with `pages` of memory, `elements` of table, a global, and as much again to grow into. `look` counts what is not
/// as a new guest must find it, then leaves as much as it can.
fn tenant(pages: u32, elements: u32, image: bool) -> String {
    let data = if image { r#"(data (i32.const 8) "own")"# } else { "" };
    let bytes = pages << 16;
    format!(
        r#"(module
        (memory (export "memory") {pages})
        (table $t {elements} funcref)
        (global $g (mut i64) (i64.const 7))
        (elem declare func $look)
        {data}
        (func $look (export "look") (result i32) (local $at i32) (local $wrong i32)
            (memory.fill (i32.const 8) (i32.const 0) (i32.const 3))
            (drop (memory.grow (i32.const {pages})))
            (drop (table.grow $t (ref.null func) (i32.const {elements})))
            (loop $bytes
                (if (i64.ne (i64.load (local.get $at)) (i64.const 0))
                    (then (local.set $wrong (i32.add (local.get $wrong) (i32.const 1)))))
                (br_if $bytes (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const {bytes} * 2))))
            (local.set $at (i32.const 0))
            (loop $elements
                (if (i32.eqz (ref.is_null (table.get $t (local.get $at))))
                    (then (local.set $wrong (i32.add (local.get $wrong) (i32.const 1)))))
                (br_if $elements (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const {elements}))))
            (if (i64.ne (global.get $g) (i64.const 7))
                (then (local.set $wrong (i32.add (local.get $wrong) (i32.const 1)))))
            (memory.fill (i32.const 0) (i32.const 0xaa) (i32.const {bytes} * 2))
            (table.fill $t (i32.const 0) (ref.func $look) (table.size $t))
            (global.set $g (i64.const 0xaaaaaaaa))
            (local.get $wrong)))"#
    )
    .replace(&format!("{bytes} * 2"), &(bytes * 2).to_string())
}

#[test]
fn h10_nothing_of_a_guest_is_left_for_the_next() {
    alone("tenants::h10_nothing_of_a_guest_is_left_for_the_next", || {
        let limits = ResourceLimits { memory: 64.mb(), table_elements: 50_000, ..ResourceLimits::default() };
        let config = InstanceConfig::builder().limits(limits.clone()).build().unwrap();
        // Sizes around a page, around what stays resident in a slot, and far beyond it; all take turns in two slots.
        let sizes = [(1, 1), (2, 100), (4, 2048), (5, 2049), (17, 20_000), (256, 10)];
        let guests =
            sizes.iter().flat_map(|(pages, elements)| [true, false].map(|image| tenant(*pages, *elements, image)));
        let guests: Vec<_> = guests.map(|text| sandbox(&text, 2, limits.clone())).collect();
        for round in 0..1200 {
            let guest = &guests[round % guests.len()];
            let mut instance = guest.create_instance(guest.module().unwrap(), config.clone()).unwrap();
            assert_eq!(instance.call::<_, i32>("look", ()).unwrap(), 0, "round {round}");
            if round % 7 == 0 {
                // The twin: what the guest left is there as long as it lives.
                assert!(instance.call::<_, i32>("look", ()).unwrap() > 10_000);
            }
        }
    });
}

#[test]
fn h11_a_failed_start_gives_its_place_back() {
    let fails = [
        r#"(module (memory 2) (start $f) (func $f (memory.fill (i32.const 0) (i32.const 0xaa) (i32.const 131072)) unreachable))"#,
        r#"(module (memory 1) (data (i32.const 65535) "beyond"))"#,
        r#"(module (memory 5000))"#,
        r#"(module (table 200000 funcref))"#,
        r#"(module (memory 1) (func (export "_initialize") unreachable))"#,
    ];
    let instances = 3;
    let whole = sandbox(&tenant(2, 100, false), instances, ResourceLimits::default());
    let make = || whole.create_instance(whole.module().unwrap(), InstanceConfig::default());
    let fails = fails.map(|text| sandbox(text, instances, ResourceLimits::default()));
    for round in 0..200 {
        let failing = &fails[round % fails.len()];
        let error =
            failing.create_instance(failing.module().unwrap(), InstanceConfig::default()).map(|_| ()).unwrap_err();
        match error {
            SandboxError::WasmRuntime { .. } => {}
            SandboxError::ResourceExhausted { kind: ResourceKind::Memory | ResourceKind::TableElements, .. } => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(make().unwrap().call::<_, i32>("look", ()).unwrap(), 0, "round {round}");
    }
    let all: Vec<_> = (0..instances).map(|_| make().unwrap()).collect();
    match make().map(|_| ()).unwrap_err() {
        SandboxError::ResourceExhausted { kind: ResourceKind::Sandboxes, used: 4, limit: 3 } => {}
        other => panic!("{other:?}"),
    }
    drop(all);
    make().unwrap();
}

#[test]
fn c11_all_sandboxes_together_stay_below_the_machines_memory() {
    alone("tenants::c11_all_sandboxes_together_stay_below_the_machines_memory", || {
        let text = r#"(module (memory 0) (func (export "grow") (result i32) (memory.grow (i32.const 65535)))
            (func (export "must") (if (i32.eq (memory.grow (i32.const 65535)) (i32.const -1)) (then unreachable))))"#;
        let limits = ResourceLimits { memory: 4.gb(), ..ResourceLimits::default() };
        let config = InstanceConfig::builder().limits(limits.clone()).build().unwrap();
        let sandbox = sandbox(text, 1000, limits);
        let make = || sandbox.create_instance(sandbox.module().unwrap(), config.clone());
        let mut live: Vec<_> = (0..1000).map(|_| make().unwrap()).collect();
        let grown =
            live.iter_mut().filter_map(|one| Some(one.call::<_, i32>("grow", ()).unwrap()).filter(|old| *old == 0));
        let grown = grown.count();
        assert!((1..1000).contains(&grown), "{grown} of 1,000 had 4 GB each");
        let refused = live.last_mut().unwrap();
        match refused.call::<_, ()>("must", ()) {
            Err(SandboxError::ResourceExhausted { kind: ResourceKind::ProcessMemory, used, limit }) => {
                assert!(used > limit)
            }
            other => panic!("{other:?}"),
        }
        assert!(process::status("VmRSS") < 200 << 20, "reserving is not using");
        drop(live);
        assert_eq!(make().unwrap().call::<_, i32>("grow", ()).unwrap(), 0);
    });
}

#[test]
fn c12_two_thousand_lives_leave_nothing_behind() {
    alone("tenants::c12_two_thousand_lives_leave_nothing_behind", || {
        let folder = tempfile::tempdir().unwrap();
        let text = r#"(module
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (func (export "_start")
                (i32.store (i32.const 4) (i32.const 65000))
                (memory.fill (i32.const 100) (i32.const 65) (i32.const 60000))
                (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;
        let builder = WasmSandbox::builder().setup(Setup::default()).source(wat(text));
        let sandbox = builder.filesystem_write(folder.path(), "/data").build_blocking().unwrap();
        let live = || {
            for _ in 0..2000 {
                let result = sandbox.execute::<[String; 0]>([]).unwrap();
                assert!(matches!(result.ending, Ending::Exit { code: 0 }) && result.stdout.bytes().len() == 65_000);
            }
        };
        live();
        let before = (process::descriptors(), process::threads());
        let memory = process::status("VmRSS");
        live();
        assert_eq!((process::descriptors(), process::threads()), before);
        let more = process::status("VmRSS").saturating_sub(memory);
        assert!(more < 2 << 20, "{more} bytes more after 2,000 runs");
    });
}
