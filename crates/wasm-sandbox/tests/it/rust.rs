//! Rust sources: what is callable, what runs, and what a hostile source gets to see.

use std::{fs, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::json;
use wasm_sandbox::{
    Ending, ErrorCode, InstanceConfig, Language, SandboxError, Source, WasmSandbox, WasmSandboxBuilder, blocking,
};

use crate::languages;

fn builder(text: &str) -> WasmSandboxBuilder {
    WasmSandbox::builder().setup(languages::setup(Language::Rust)).source(Source::code(Language::Rust, text))
}

fn rust(text: &str) -> blocking::WasmSandbox {
    builder(text).build_blocking().expect("the source compiles")
}

fn diagnostics(text: &str) -> String {
    said(builder(text))
}

fn said(builder: WasmSandboxBuilder) -> String {
    match builder.build_blocking() {
        Err(SandboxError::Compilation { diagnostics, .. }) => diagnostics,
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("it compiled"),
    }
}

const LIBRARY: &str = include_str!("../../../../examples/calculator.rs");

#[test]
fn plain_functions_are_callable() {
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Point {
        x: f64,
        y: f64,
    }
    let mut sandbox = rust(LIBRARY);
    assert_eq!(sandbox.call::<_, i32>("add", (5, 3)).unwrap(), 8);
    assert_eq!(sandbox.call::<_, String>("greet", "Zoë").unwrap(), "hello, Zoë");
    assert_eq!(sandbox.call::<_, Option<f64>>("mean", (vec![1.0, 2.0, 6.0],)).unwrap(), Some(3.0));
    assert_eq!(sandbox.call::<_, Option<f64>>("mean", (Vec::<f64>::new(),)).unwrap(), None);
    assert_eq!(sandbox.call::<_, serde_json::Value>("count", (["a", "b", "a"],)).unwrap(), json!({"a": 2, "b": 1}));
    let middle = sandbox.call::<_, Point>("middle", (Point { x: 0.0, y: 0.0 }, Point { x: 1.0, y: 3.0 })).unwrap();
    assert_eq!(middle, Point { x: 0.5, y: 1.5 });
    assert_eq!(sandbox.call::<_, f64>("divide", (1, 4)).unwrap(), 0.25);
    assert_eq!(sandbox.call::<_, Result<f64, String>>("divide", (1, 0)).unwrap(), Err("division by zero".to_owned()));
    assert_eq!(sandbox.call::<_, f64>("divide", (1, 0)).unwrap_err().code(), ErrorCode::Function);
    let error = sandbox.call::<_, Point>("middle", (json!({"x": 1}), json!({"x": 1, "y": 2}))).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Signature);
    assert!(error.to_string().contains("lacks the field `y`"), "{error}");
    let signature = sandbox.module().unwrap().function("greet").unwrap().clone();
    assert_eq!(signature.to_string(), "greet(name: string) -> string");
    assert_eq!(signature.doc.as_deref(), Some("Greets somebody."));
}

#[test]
fn every_scalar_travels() {
    let mut sandbox = rust(
        "pub fn not(a: bool) -> bool { !a } pub fn next(a: char) -> char { char::from_u32(a as u32 + 1).unwrap() }
         pub fn bytes(a: u8, b: i8) -> i16 { a as i16 + b as i16 } pub fn wide(a: u64) -> u64 { a } pub fn unsigned(a: u32) -> u32 { a }
         pub fn half(a: f32) -> f32 { a / 2.0 } pub fn size(a: usize) -> usize { a } pub fn unit() {} fn private() {}
         pub fn generic<T>(_: T) {} pub fn read(a: i32) -> i32 { a } pub fn malloc(a: i32) -> i32 { a + 1 } pub fn write(s: String) -> usize { s.len() }",
    );
    assert!(!sandbox.call::<_, bool>("not", true).unwrap());
    assert_eq!(sandbox.call::<_, char>("next", 'a').unwrap(), 'b');
    assert_eq!(sandbox.call::<_, i16>("bytes", (255, -128)).unwrap(), 127);
    assert_eq!(sandbox.call::<_, u64>("wide", u64::MAX).unwrap(), u64::MAX);
    assert_eq!(sandbox.call::<_, u32>("unsigned", u32::MAX).unwrap(), u32::MAX);
    assert_eq!(sandbox.call::<_, f32>("half", 5).unwrap(), 2.5);
    assert_eq!(sandbox.call::<_, usize>("size", 7).unwrap(), 7);
    sandbox.call::<_, ()>("unit", ()).unwrap();
    assert_eq!(sandbox.call::<_, i32>("read", 4).unwrap(), 4);
    assert_eq!(sandbox.call::<_, i32>("malloc", 4).unwrap(), 5);
    assert_eq!(sandbox.call::<_, usize>("write", "four").unwrap(), 4);
    assert_eq!(sandbox.call::<_, i32>("bytes", (256, 0)).unwrap_err().code(), ErrorCode::Signature);
    for missing in ["private", "generic"] {
        assert_eq!(sandbox.call::<_, ()>(missing, ()).unwrap_err().code(), ErrorCode::FunctionNotFound);
    }
}

/// A list of no arguments is a list too.
#[test]
fn a_function_without_parameters_returns_text() {
    let mut sandbox = rust("pub fn hello() -> String { \"hello\".to_owned() } #[cfg(test)] pub fn sometimes() {}");
    assert_eq!(sandbox.call::<_, String>("hello", ()).unwrap(), "hello");
    assert_eq!(sandbox.call::<_, ()>("sometimes", ()).unwrap_err().code(), ErrorCode::FunctionNotFound);
}

#[test]
fn i9_nesting_that_ends_a_parser_ends_no_host() {
    let deep = |depth: usize| format!("pub fn f() -> u8 {{ {}1{} }}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(diagnostics(&deep(200_000)), "Rust source: it is nested too deeply, or too large");
    assert_eq!(rust(&deep(20)).call::<_, u8>("f", ()).unwrap(), 1);
}

#[test]
fn keywords_may_be_names_of_fields() {
    let mut sandbox = rust(
        "#[derive(serde::Serialize, serde::Deserialize)] pub struct Pair { pub r#type: String, pub r#in: Vec<u8> }
         pub fn same(r#as: Pair) -> Pair { r#as }",
    );
    let pair = json!({"type": "t", "in": [1, 2]});
    assert_eq!(sandbox.call::<_, serde_json::Value>("same", (&pair,)).unwrap(), pair);
    assert_eq!(sandbox.module().unwrap().function("same").unwrap().to_string(), "same(as: Pair) -> Pair");
}

/// Sources that keep a compiler busy, or let it run out of what it may use.
#[test]
fn i9_bombs_are_errors() {
    use std::time::Duration;

    use wasm_sandbox::ResourceKind;
    let constant = "pub const X: u64 = { let mut n = 1u64; while n > 0 { n = n % 7 + 1 } n }; pub fn f() -> u64 { X }";
    for (text, said) in [
        ("macro_rules! m { ($($t:tt)*) => { m!($($t)* $($t)*); } } m!(x); pub fn f() {}", "limit"),
        ("macro_rules! m { () => { m!() } } pub fn f() { m!() }", "recursion limit"),
        (
            "trait T { type A; } struct S<X>(X); impl<X> T for S<X> where S<S<X>>: T { type A = <S<S<X>> as T>::A; } pub fn f() { let _: <S<u8> as T>::A; }",
            "overflow",
        ),
        (
            "fn g<X: Copy>(x: X, n: u32) -> u32 { if n == 0 { 0 } else { g((x, x), n - 1) } } pub fn f() -> u32 { g(0u8, 1) }",
            "limit",
        ),
        (constant, "taking a long time"),
        (&format!("#![allow(long_running_const_eval)] {constant}"), "it ends by its time alone"),
    ] {
        let setup = languages::setup(Language::Rust).build_timeout(Duration::from_secs(3));
        let source = Source::code(Language::Rust, text);
        match WasmSandbox::builder().setup(setup).source(source).build_blocking() {
            Err(SandboxError::Compilation { diagnostics, .. }) => {
                assert!(diagnostics.contains(said), "{text}: {diagnostics}")
            }
            Err(SandboxError::ResourceExhausted { kind: ResourceKind::CompileTime, limit: 3000, .. }) => {}
            Err(error) => panic!("{text}: {error:?}"),
            Ok(_) => panic!("{text}: it compiled"),
        }
    }
}

#[test]
fn floats_keep_their_last_bit_through_json() {
    let mut sandbox = rust("pub fn same(all: Vec<f64>) -> Vec<f64> { all }");
    let all = vec![0.1 + 0.2, 3.584_446_600_279_642_8e298, 5e-324, f64::MAX, -1.0 / 3.0, 2f64.powi(53) + 2.0];
    assert_eq!(sandbox.call::<_, Vec<f64>>("same", (all.clone(),)).unwrap(), all);
}

#[test]
fn a_panic_says_what_it_says() {
    let mut sandbox = rust("pub fn fail(text: String) -> String { panic!(\"no {text}\") }");
    match sandbox.call::<_, String>("fail", "way") {
        Err(SandboxError::WasmRuntime { stderr, .. }) => {
            assert!(stderr.contains("no way"), "{stderr}");
            assert!(!stderr.contains("/tmp") && !stderr.contains("/root"), "{stderr}");
        }
        other => panic!("{other:?}"),
    }
}

const PROGRAM: &str = r#"
use std::{env, fs, io::{Read, Write}, process};
fn main() {
    let words: Vec<String> = env::args().collect();
    match words[1].as_str() {
        "args" => println!("{:?} {:?}", &words[2..], env::vars().collect::<Vec<_>>()),
        "exit" => process::exit(words[2].parse().unwrap()),
        "stdin" => { let mut text = String::new(); std::io::stdin().read_to_string(&mut text).unwrap(); print!("{}", text.to_uppercase()) }
        "read" => match fs::read_to_string(&words[2]) { Ok(text) => print!("{text}"), Err(error) => { eprintln!("{:?}", error.kind()); process::exit(3) } },
        "write" => match fs::write(&words[2], "written") { Ok(()) => {}, Err(error) => { eprintln!("{:?}", error.kind()); process::exit(3) } },
        "list" => { let mut names: Vec<_> = fs::read_dir(&words[2]).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect(); names.sort(); println!("{names:?}") }
        "work" => { fs::create_dir_all("/work/a/b").unwrap(); fs::write("/work/a/b/new", "1").unwrap(); fs::write("/work/old", "2").unwrap(); fs::remove_file("/work/gone").unwrap(); fs::rename("/work/from", "/work/to").unwrap(); fs::write("/work/brief", "").unwrap(); fs::remove_file("/work/brief").unwrap(); }
        "fill" => { let mut file = fs::File::create(&words[2]).unwrap(); let piece = [1u8; 4096]; loop { if let Err(error) = file.write_all(&piece) { eprintln!("{:?}", error.kind()); process::exit(4) } } }
        "open" => { let mut all = Vec::new(); loop { match fs::File::open(&words[2]) { Ok(file) => all.push(file), Err(error) => { eprintln!("{} {:?}", all.len(), error.raw_os_error()); process::exit(5) } } } }
        "eat" => { let mut all = Vec::new(); loop { all.push(vec![1u8; 1 << 20]) } }
        other => panic!("{other}"),
    }
}
"#;

fn program(config: InstanceConfig) -> blocking::WasmSandbox {
    builder(PROGRAM).config(config).build_blocking().expect("the source compiles")
}

#[test]
fn a_program_sees_its_arguments_and_nothing_else() {
    let sandbox = program(InstanceConfig::default());
    let result = sandbox.execute(["args", "a b", "ü"]).unwrap();
    assert_eq!(result.stdout, "[\"a b\", \"ü\"] []\n");
    assert!(result.success && result.denials.is_empty(), "{result:?}");
    assert_eq!(sandbox.execute(["exit", "7"]).unwrap().ending, Ending::Exit { code: 7 });
    let config = InstanceConfig::builder().env("NAME", "value").build().unwrap();
    assert_eq!(program(config).execute(["args"]).unwrap().stdout, "[] [(\"NAME\", \"value\")]\n");
    let reads = builder(PROGRAM).stdin(b"shout".as_slice()).build_blocking().unwrap();
    assert_eq!(reads.execute(["stdin"]).unwrap().stdout, "SHOUT");
}

#[test]
fn what_was_not_granted_is_refused_and_recorded() {
    let result = program(InstanceConfig::default()).execute(["read", "/etc/passwd"]).unwrap();
    assert_eq!(result.ending, Ending::Exit { code: 3 });
    assert_eq!(result.stderr, "PermissionDenied\n");
    let denial = &result.denials[0];
    assert_eq!((denial.operation.as_str(), denial.target.as_str()), ("open", "/etc/passwd"));
    assert_eq!(denial.capability, "filesystem.read");

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("f"), "granted").unwrap();
    let config = InstanceConfig::builder().filesystem_read(folder.path(), "/data").build().unwrap();
    let sandbox = program(config);
    assert_eq!(sandbox.execute(["read", "/data/f"]).unwrap().stdout, "granted");
    assert_eq!(sandbox.execute(["list", "/data"]).unwrap().stdout, "[\"f\"]\n");
    assert_eq!(sandbox.execute(["list", "/"]).unwrap().stdout, "[\"data\"]\n");
    let result = sandbox.execute(["write", "/data/f"]).unwrap();
    assert_eq!(result.ending, Ending::Exit { code: 3 });
    assert_eq!(result.denials[0].capability, "filesystem.write");
    assert_eq!(fs::read(folder.path().join("f")).unwrap(), b"granted");

    let config = InstanceConfig::builder().filesystem_write(folder.path(), "/data").build().unwrap();
    let result = program(config).execute(["write", "/data/f"]).unwrap();
    assert!(result.success);
    assert_eq!(result.files.modified, ["/data/f"]);
    assert_eq!(fs::read(folder.path().join("f")).unwrap(), b"written");
}

#[test]
fn changes_are_listed_for_every_kind_of_mount() {
    let folder = tempfile::tempdir().unwrap();
    let fill = |path: &std::path::Path| {
        for name in ["old", "gone", "from"] {
            fs::write(path.join(name), name).unwrap();
        }
    };
    let (real, below) = (folder.path().join("real"), folder.path().join("below"));
    for path in [&real, &below] {
        fs::create_dir(path).unwrap();
        fill(path);
    }
    let write = InstanceConfig::builder().filesystem_write(&real, "/work").build().unwrap();
    let overlay = InstanceConfig::builder().filesystem_overlay(&below, "/work").build().unwrap();
    for config in [write, overlay] {
        let result = program(config).execute(["work"]).unwrap();
        assert!(result.success, "{result:?}");
        assert_eq!(result.files.created, ["/work/a", "/work/a/b", "/work/a/b/new", "/work/to"]);
        assert_eq!(result.files.modified, ["/work/old"]);
        assert_eq!(result.files.deleted, ["/work/from", "/work/gone"]);
    }
    assert!(real.join("to").exists() && !real.join("from").exists());
    assert!(below.join("gone").exists() && !below.join("a").exists());
}

#[test]
fn a_full_disk_and_a_full_table_are_told_to_the_program() {
    use wasm_sandbox::{ByteUnits, ResourceKind, ResourceLimits};
    let limits = ResourceLimits { disk: 1.mb(), open_files: 16, ..ResourceLimits::default() };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("f"), "").unwrap();
    let host =
        InstanceConfig::builder().limits(limits.clone()).filesystem_write(folder.path(), "/data").build().unwrap();
    let memory = InstanceConfig::builder().limits(limits).filesystem_memory("/data").build().unwrap();
    for config in [host.clone(), memory] {
        let result = program(config).execute(["fill", "/data/big"]).unwrap();
        assert_eq!(result.stderr, "StorageFull\n");
        assert_eq!(result.ending, Ending::Exit { code: 4 });
        assert_eq!(result.limit_hit(ResourceKind::Disk).unwrap().limit, 1 << 20);
        assert_eq!(result.usage.io.disk_bytes, 1 << 20);
    }
    let result = program(host).execute(["open", "/data/f"]).unwrap();
    assert_eq!(result.stderr, "11 Some(33)\n", "EMFILE after 16 descriptors");
    assert!(result.limit_hit(ResourceKind::OpenFiles).is_some());
}

#[test]
fn memory_that_runs_out_is_that_limit() {
    use wasm_sandbox::ResourceKind;
    let result = program(InstanceConfig::default()).execute(["eat"]).unwrap();
    match result.ending {
        Ending::Limit(hit) => assert_eq!((hit.kind, hit.limit), (ResourceKind::Memory, 256 << 20)),
        ref other => panic!("{other:?}"),
    }
}

/// A file outside of everything that a compile is given, with a text that must not turn up anywhere.
const CANARY: &str = "canary-7d1f0c";

fn canary() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), format!("pub const X: &str = \"{CANARY}\";")).unwrap();
    file
}

#[test]
fn i1_a_source_includes_nothing_of_the_host() {
    let canary = canary();
    let path = canary.path().display();
    let up = "../".repeat(20);
    for text in [
        format!("pub const X: &str = include_str!(\"{path}\"); pub fn f() -> u32 {{ X.len() as u32 }}"),
        format!("pub const X: &[u8] = include_bytes!(\"{path}\"); pub fn f() -> u32 {{ X.len() as u32 }}"),
        format!("include!(\"{path}\"); pub fn f() -> u32 {{ X.len() as u32 }}"),
        format!("#[path = \"{path}\"] mod x; pub fn f() -> u32 {{ x::X.len() as u32 }}"),
        format!("pub const X: &str = include_str!(\"{up}{path}\"); pub fn f() -> u32 {{ X.len() as u32 }}"),
        "pub const X: &str = include_str!(\"/etc/passwd\"); pub fn f() -> u32 { X.len() as u32 }".to_owned(),
        "pub const X: &str = include_str!(\"/proc/self/environ\"); pub fn f() -> u32 { X.len() as u32 }".to_owned(),
    ] {
        let said = diagnostics(&text);
        assert!(said.contains("Permission denied") || said.contains("No such file"), "{said}");
        assert!(!said.contains(CANARY) && !said.contains("root:"), "{said}");
    }
    let mut twin = rust("pub fn f() -> u32 { include_str!(\"source.rs\").len() as u32 }");
    assert!(twin.call::<_, u32>("f", ()).unwrap() > 0);
}

/// What the compiler has open itself is not there for its source: it would wait for what nobody writes.
#[test]
fn i1_a_source_waits_for_no_stream() {
    for path in (0..12).map(|number| format!("/proc/self/fd/{number}")).chain(["/dev/stdin".to_owned()]) {
        let text = format!("pub fn f() -> usize {{ include_bytes!(\"{path}\").len() }}");
        let builder = builder(&text).setup(languages::setup(Language::Rust).build_timeout(Duration::from_secs(30)));
        let said = said(builder);
        assert!(said.contains("couldn't read"), "{path}: {said}");
    }
    let mut twin = rust("pub fn f() -> usize { include_bytes!(\"source.rs\").len() }");
    assert!(twin.call::<_, usize>("f", ()).unwrap() > 10);
}

/// What a compiler says of a path is the same whether there is something or not.
#[test]
fn i1_a_source_does_not_learn_what_exists() {
    let canary = canary();
    let there = canary.path().display().to_string();
    let missing = format!("{}-no", there.get(..there.len() - 3).unwrap());
    // Not a folder above the compiler's own, which the compiler finds, empty but for what leads to it.
    let other = tempfile::tempdir().unwrap();
    let folder = other.path().display().to_string();
    for source in [
        "pub const X: &str = include_str!(\"PATH\");",
        "#[path = \"PATH\"] mod x;",
        "#[path = \"PATH/x.rs\"] mod x;",
        "include!(\"PATH/../x.rs\");",
    ] {
        let say = |path: &str| match builder(&source.replace("PATH", path)).build_blocking() {
            Err(error) => error.to_string().replace(path, "PATH"),
            Ok(_) => "it compiled".to_owned(),
        };
        assert_eq!(say(&there), say(&missing), "{source}");
        assert_ne!(say(&there), "it compiled");
        // The twin: a path in what the compiler may read is told from one that is not there.
        assert_ne!(say("source.rs"), say("absent.rs"), "{source}");
    }
    assert!(diagnostics(&format!("include!(\"{folder}\");")).contains("No such file"));
}

#[test]
fn i2_a_source_sees_no_environment() {
    let mut sandbox = rust(
        "pub fn home() -> bool { option_env!(\"HOME\").is_some() } pub fn path() -> bool { option_env!(\"PATH\").is_some() }",
    );
    assert!(!sandbox.call::<_, bool>("home", ()).unwrap());
    assert!(!sandbox.call::<_, bool>("path", ()).unwrap());
    assert!(diagnostics("pub fn f() -> &'static str { env!(\"HOME\") }").contains("not defined"));
}

#[test]
fn i8_attributes_and_assembly_do_not_lead_out() {
    let canary = canary();
    let path = canary.path().display();
    for text in [
        format!("core::arch::global_asm!(\".incbin \\\"{path}\\\"\"); pub fn f() {{}}"),
        "#![feature(asm)] pub fn f() {}".to_owned(),
        "#[link(name = \"c\", kind = \"dylib\", modifiers = \"+verbatim\")] unsafe extern \"C\" { fn nowhere(); } pub fn f() { unsafe { nowhere() } }".to_owned(),
    ] {
        match builder(&text).build_blocking() {
            Err(SandboxError::Compilation { diagnostics, .. }) => assert!(!diagnostics.contains(CANARY), "{diagnostics}"),
            Err(SandboxError::NotRunnable { reason, .. }) => assert!(!reason.contains(CANARY), "{reason}"),
            Err(error) => panic!("{error:?}"),
            Ok(sandbox) => {
                let wasm = sandbox.module().unwrap().wasm().unwrap();
                assert!(!wasm.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()), "{text}");
            }
        }
    }
}

/// Messages are about the source as its author knows it, under its name.
#[test]
fn messages_are_about_the_source_alone() {
    let folder = tempfile::tempdir().unwrap();
    let of = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let said = said(WasmSandbox::builder().setup(languages::setup(Language::Rust)).source(path));
        assert!(!said.contains('/') && !said.contains("wasm_sandbox"), "{said}");
        said
    };
    assert!(of("sum.rs", "pub fn f() -> i32 {\n    \"x\"\n}").contains("--> sum.rs:2:5"));
    assert!(of("sum.rs", "pub fn f( -> i32 { 1 }").contains("--> sum.rs:1:"));
}

/// Which those are only the compiler knows. The others can be called.
#[test]
fn functions_over_types_that_serde_does_not_know_are_left_out() {
    let source = "pub struct Own;
        #[derive(serde::Serialize)] pub struct Half { pub number: u8 }
        pub fn takes(_: Own) {}
        pub fn gives() -> Own { Own }
        pub fn many(all: Vec<Option<Own>>) -> usize { all.len() }
        pub fn one_way(_: Half) -> u8 { 1 }
        pub fn r#type(own: Own, text: String) -> String { drop(own); text }
        pub fn half() -> Half { Half { number: 3 } }
        pub fn text(text: String) -> String { text }
        pub fn number(number: u8) -> u8 { number }";
    for (end, program) in [("", false), ("\n", false), ("\nfn main() { println!(\"main\") }\n", true)] {
        let mut sandbox = rust(&format!("{source}{end}"));
        assert_eq!(sandbox.call::<_, String>("text", ("a",)).unwrap(), "a");
        assert_eq!(sandbox.call::<_, u8>("number", (2,)).unwrap(), 2);
        assert_eq!(sandbox.call::<_, serde_json::Value>("half", ()).unwrap(), json!({ "number": 3 }));
        for (name, kind) in [("takes", "Own"), ("gives", "Own"), ("many", "Own"), ("one_way", "Half"), ("type", "Own")]
        {
            let said = sandbox.call::<_, serde_json::Value>(name, ()).unwrap_err().to_string();
            let why = format!("values of the type `{kind}` do not travel: derive `serde::Serialize`");
            assert!(said.contains(&why), "{name}: {said}");
        }
        let module = sandbox.module().unwrap();
        assert_eq!((module.is_program(), module.left_out().unwrap().len()), (program, 5));
    }
    // What else is wrong is still said.
    let said = said(languages::source(Language::Rust, &format!("{source}\npub fn wrong() -> u8 {{ \"text\" }}")));
    assert!(said.contains("mismatched types") && !said.contains("json_"), "{said}");
    let mut twin = rust("pub struct Own;\npub(crate) fn own(it: Own) -> Own { it } pub fn f() -> u8 { own(Own); 7 }");
    assert_eq!(twin.call::<_, u8>("f", ()).unwrap(), 7);
}

/// G2: what a guest is linked with does not tell it where the host keeps its sources.
#[test]
fn g2_no_path_of_the_host_is_in_a_module() {
    let sandbox = rust("pub fn f(all: Vec<String>) -> usize { all.concat().len() }");
    let module = sandbox.module().unwrap();
    let wasm = String::from_utf8_lossy(module.wasm().unwrap()).into_owned();
    assert!(wasm.contains("crates/serde_json-"), "places in crates are told by the crates");
    for path in ["registry/src", "/.cargo", env!("CARGO_TARGET_TMPDIR"), env!("CARGO_MANIFEST_DIR")] {
        assert!(!wasm.contains(path), "{path}");
    }
}

#[test]
fn i9_i10_bombs_and_floods_end() {
    let flood: String = (0..3000).map(|n| format!("let x{n}: u8 = missing{n};")).collect();
    let said = diagnostics(&format!("pub fn f() {{ {flood} }}"));
    assert!(said.len() < 64 << 10, "{}", said.len());
    assert!(!said.contains("/root") && !said.contains("/home") && !said.contains('\u{1b}'), "{said}");
    assert!(diagnostics("pub fn f(").contains("source.rs:1:"));
    assert!(
        diagnostics("pub static X: [u8; 0xffff_ffff] = [0; 0xffff_ffff]; pub fn f() -> u8 { X[7] }")
            .contains("too big")
    );
}
