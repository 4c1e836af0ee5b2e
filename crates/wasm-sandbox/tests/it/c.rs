//! C and C++ sources: what is callable, what runs, and what a hostile source gets to see.

use std::{fs, time::Duration};

use wasm_sandbox::{
    Ending, ErrorCode, InstanceConfig, Language, ResourceKind, SandboxError, Source, WasmSandbox, WasmSandboxBuilder,
    blocking,
};

use crate::languages;

fn builder(source: impl Into<Source>) -> WasmSandboxBuilder {
    WasmSandbox::builder().setup(languages::setup(Language::C)).source(source)
}

fn c(text: &str) -> blocking::WasmSandbox {
    builder(Source::code(Language::C, text)).build_blocking().expect("the source compiles")
}

fn cpp(text: &str) -> blocking::WasmSandbox {
    builder(Source::code(Language::Cpp, text)).build_blocking().expect("the source compiles")
}

fn diagnostics(language: Language, text: &str) -> String {
    said(builder(Source::code(language, text)))
}

fn said(builder: WasmSandboxBuilder) -> String {
    match builder.build_blocking() {
        Err(SandboxError::Compilation { diagnostics, .. }) => diagnostics,
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("it compiled"),
    }
}

#[test]
fn numbers_and_strings_travel() {
    let mut sandbox = c(r#"
        #include <stdbool.h>
        #include <stdlib.h>
        #include <string.h>
        int add(int a, int b) { return a + b; }
        double half(float x) { return x / 2; }
        bool negate(bool x) { return !x; }
        unsigned long long wide(unsigned long long x) { return x; }
        signed char small(short x) { return (signed char)(x / 2); }
        typedef enum { RED, GREEN } Colour;
        Colour next(const Colour colour) { return colour + 1; }
        char *shout(const char *text) {
            size_t len = strlen(text);
            char *loud = malloc(len + 2);
            memcpy(loud, text, len); memcpy(loud + len, "!", 2);
            return loud;
        }
        int length(char *text) { return (int)strlen(text); }
        const char *nothing(void) { return NULL; }
        void touch(void) {}
        int read(int x) { return x + 1; }
    "#);
    assert_eq!(sandbox.call::<_, i32>("add", (5, 3)).unwrap(), 8);
    assert_eq!(sandbox.call::<_, f64>("half", 3).unwrap(), 1.5);
    assert!(!sandbox.call::<_, bool>("negate", true).unwrap());
    assert_eq!(sandbox.call::<_, u64>("wide", u64::MAX).unwrap(), u64::MAX);
    assert_eq!(sandbox.call::<_, i8>("small", -9).unwrap(), -4);
    assert_eq!(sandbox.call::<_, u32>("next", 0).unwrap(), 1);
    assert_eq!(sandbox.call::<_, String>("shout", "Zoë").unwrap(), "Zoë!");
    assert_eq!(sandbox.call::<_, i32>("length", "four").unwrap(), 4);
    assert_eq!(sandbox.call::<_, Option<String>>("nothing", ()).unwrap(), None);
    sandbox.call::<_, ()>("touch", ()).unwrap();
    assert_eq!(sandbox.call::<_, i32>("read", 7).unwrap(), 8, "a name of the C library's is the source's own");
    let error = sandbox.call::<_, i32>("add", ("five", 3)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Signature);
    assert!(error.to_string().contains("add(a: s32, b: s32) -> s32"), "{error}");
    let error = sandbox.call::<_, i32>("length", "a\0b").unwrap_err();
    assert_eq!(error.code(), ErrorCode::Signature);
    assert!(error.to_string().contains("zero byte"), "{error}");
}

#[test]
fn what_cannot_travel_is_no_function_for_callers() {
    let mut sandbox = c("
        struct Point { int x; };
        int field(struct Point *point) { return point->x; }
        struct Point make(int x) { struct Point point = { x }; return point; }
        int many(int count, ...) { return count; }
        static int hidden(int x) { return x; }
        int shown(int x) { return hidden(x); }
        void *malloc(unsigned long size) { static char all[64]; return all; }
    ");
    assert_eq!(sandbox.call::<_, i32>("shown", 4).unwrap(), 4);
    for missing in ["field", "make", "many", "hidden", "malloc"] {
        assert_eq!(sandbox.call::<_, i32>(missing, 1).unwrap_err().code(), ErrorCode::FunctionNotFound, "{missing}");
    }
    let left_out: Vec<String> = sandbox.module().unwrap().left_out().unwrap().iter().map(ToString::to_string).collect();
    let expected = [
        "field: its parameter `point` is neither a number nor text",
        "make: its result is neither a number nor text",
        "many: it takes any number of arguments",
    ];
    assert_eq!(left_out, expected);
}

#[test]
fn cpp_has_its_library_and_plain_functions() {
    let mut sandbox = cpp(r#"
        #include <numeric>
        #include <string>
        #include <vector>
        namespace inner { int twice(int x) { return 2 * x; } }
        int over(int x) { return x; }
        int over(double x) { return (int)x; }
        int total(int count) { std::vector<int> all(count); std::iota(all.begin(), all.end(), 0); return inner::twice(std::accumulate(all.begin(), all.end(), 0)); }
        extern "C" const char *greet(const char *name) { static std::string text; text = std::string("hello, ") + name; return text.c_str(); }
    "#);
    assert_eq!(sandbox.call::<_, i32>("total", 10).unwrap(), 90);
    assert_eq!(sandbox.call::<_, String>("greet", "you").unwrap(), "hello, you");
    for missing in ["over", "twice", "inner::twice"] {
        assert_eq!(sandbox.call::<_, i32>(missing, 1).unwrap_err().code(), ErrorCode::FunctionNotFound, "{missing}");
    }
    assert!(diagnostics(Language::Cpp, "int f() { throw 1; }").contains("exceptions disabled"));
}

#[test]
fn assertions_hold() {
    let text = "#include <assert.h>\nint main(int argc, char **argv) { assert(argc < 2); return 0; }";
    for language in [Language::C, Language::Cpp] {
        let sandbox = builder(Source::code(language, text)).build_blocking().unwrap();
        let broken = sandbox.execute(["x"]).unwrap();
        assert!(matches!(broken.ending, Ending::Trap(_)), "{broken:?}");
        assert!(broken.stderr.text().contains("argc < 2"), "{broken:?}");
        assert!(sandbox.execute(Vec::<String>::new()).unwrap().success);
    }
}

#[test]
fn programs_run_and_can_be_called() {
    let text = r#"
        #include <stdio.h>
        int twice(int x) { return 2 * x; }
        int main(int argc, char **argv) {
            printf("%d %s\n", argc, argv[1]);
            FILE *file = fopen(argv[1], "r");
            if (!file) { perror("fopen"); return 3; }
            char line[64] = "";
            fgets(line, sizeof line, file);
            fputs(line, stdout);
            return 0;
        }
    "#;
    let mut sandbox = c(text);
    let result = sandbox.execute(["/data/file"]).unwrap();
    assert_eq!((result.ending, result.stdout.text().as_ref()), (Ending::Exit { code: 3 }, "2 /data/file\n"));
    assert_eq!(result.denials.len(), 1, "{:?}", result.denials);
    assert_eq!(sandbox.call::<_, i32>("twice", 4).unwrap(), 8);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "granted").unwrap();
    let granted = builder(Source::code(Language::C, text)).filesystem_read(folder.path(), "/data");
    let result = granted.build_blocking().unwrap().execute(["/data/file"]).unwrap();
    assert_eq!((result.ending, result.stdout.text().as_ref()), (Ending::Exit { code: 0 }, "2 /data/file\ngranted"));
}

#[test]
fn headers_and_sources_beside_a_source_are_taken_along_and_nothing_else() {
    let above = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir_in(above.path()).unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("deep")).unwrap();
    let canary = format!("const char *canary = \"{CANARY}\";\n");
    fs::write(above.path().join("other.c"), &canary).unwrap();
    write("one.h", "#include \"deep/two.h\"\n");
    write("deep/two.h", "#include \"three.h\"\n");
    write("deep/three.h", "#define THREE 3\n");
    write("three.c", "int three(void) { return THREE; }\n");
    write("secret.txt", CANARY);
    write("deep/other.c", &canary);
    std::os::unix::fs::symlink(above.path().join("other.c"), folder.path().join("linked.c")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("linked.h")).unwrap();
    let source = |text: &str| {
        write("source.c", text);
        builder(folder.path().join("source.c"))
    };
    let mut sandbox = source("#include \"one.h\"\nint three(void) { return THREE; }").build_blocking().unwrap();
    assert_eq!(sandbox.call::<_, i32>("three", ()).unwrap(), 3);
    // A test includes what it tests.
    let mut tested =
        source("#include \"one.h\"\n#include \"three.c\"\nint f(void) { return three() + 1; }").build_blocking();
    assert_eq!(tested.as_mut().unwrap().call::<_, i32>("f", ()).unwrap(), 4);
    // Its own name is another's here, and so is theirs.
    write("mytest.c", "int other(void) { return 5; }\n");
    write("my test.c", "#include \"mytest.c\"\nint g(void) { return other() + 1; }\n");
    let mut named = builder(folder.path().join("my test.c")).build_blocking().unwrap();
    assert_eq!(named.call::<_, i32>("g", ()).unwrap(), 6);
    for name in ["secret.txt", "linked.h", "linked.c", "../other.c", "deep/other.c"] {
        let said = said(source(&format!("#include \"{name}\"\nint f(void) {{ return 0; }}")));
        assert!(said.contains("file not found"), "{said}");
        assert!(!said.contains(CANARY) && !said.contains("root:"), "{said}");
    }
}

/// A text that must not turn up anywhere.
const CANARY: &str = "canary-90ab3e";

#[test]
fn i5_a_source_includes_nothing_of_the_host() {
    let canary = tempfile::Builder::new().suffix(".h").tempfile().unwrap();
    fs::write(canary.path(), format!("const char *canary = \"{CANARY}\";\n")).unwrap();
    let path = canary.path().display();
    for text in [
        format!("#include \"{path}\"\nint f(void) {{ return canary[0]; }}"),
        format!("#include <{path}>\nint f(void) {{ return canary[0]; }}"),
        format!("#include <../../../../../../../../../../../../..{path}>\nint f(void) {{ return canary[0]; }}"),
        format!("__asm__(\".incbin \\\"{path}\\\"\");\nint f(void) {{ return 0; }}"),
        format!("const char all[] = {{\n#embed \"{path}\"\n}};\nint f(void) {{ return all[0]; }}"),
        "#include \"/etc/passwd\"\nint f(void) { return 0; }".to_owned(),
        "#include \"/proc/self/environ\"\nint f(void) { return 0; }".to_owned(),
        "#if __has_include(\"/etc/passwd\")\n#error it is there\n#endif\nint f(void) { return missing; }".to_owned(),
    ] {
        let said = diagnostics(Language::C, &text);
        assert!(!said.contains(CANARY) && !said.contains("root:") && !said.contains("it is there"), "{said}");
        assert!(!said.contains("/root") && !said.contains("/home") && !said.contains('\u{1b}'), "{said}");
    }
}

/// What this process happens to have open is not there for a compiler.
#[test]
fn i5_a_source_reads_no_descriptor_of_the_host() {
    use std::{io::Write, os::fd::AsRawFd};
    let (reader, mut writer) = std::io::pipe().unwrap();
    // Compilers are started from this very process, and this pipe would go with them.
    rustix::io::fcntl_setfd(&reader, rustix::io::FdFlags::empty()).unwrap();
    writeln!(writer, "{CANARY}").unwrap();
    drop(writer);
    let text = format!("#include \"/proc/self/fd/{}\"\nint f(void) {{ return 0; }}", reader.as_raw_fd());
    let said = diagnostics(Language::C, &text);
    assert!(!said.contains(CANARY), "{said}");
}

/// What a compiler has open itself is not there for its source: it would wait for what nobody writes.
#[test]
fn i5_a_source_waits_for_no_stream() {
    let own = (0..16).flat_map(|number| [format!("/proc/self/fd/{number}"), format!("/proc/1/fd/{number}")]);
    let patience = Duration::from_secs(30);
    let said_of = |language, text: &str| {
        said(builder(Source::code(language, text)).setup(languages::setup(Language::C).build_timeout(patience)))
    };
    for path in own.chain(["/dev/stdin", "/dev/stdout", "/dev/fd/1"].map(str::to_owned)) {
        let said = said_of(Language::C, &format!("#include \"{path}\"\nint f(void) {{ return 0; }}"));
        assert!(said.contains("file not found"), "{path}: {said}");
    }
    let embed = |path: &str| format!("const char all[] = {{\n#embed {path}\n}};\nint f(void) {{ return all[0]; }}");
    for (path, language) in
        [("\"/proc/self/fd/1\"", Language::C), ("\"data.bin\"", Language::Cpp), ("<x>", Language::C)]
    {
        let said = said_of(language, &embed(path));
        assert!(said.contains(&format!(":2: error: the file `{path}` cannot be embedded")), "{said}");
        assert!(said.contains("write the bytes as an array") && !said.contains("FileNotFound"), "{said}");
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("all.h"), "int f(void) { return 5; }").unwrap();
    fs::write(folder.path().join("main.c"), "#include \"./all.h\"").unwrap();
    let mut twin = builder(folder.path().join("main.c")).build_blocking().unwrap();
    assert_eq!(twin.call::<_, i32>("f", ()).unwrap(), 5);
}

/// Messages name the files of whoever wrote them.
#[test]
fn messages_name_the_source() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("inner")).unwrap();
    fs::write(folder.path().join("inner/bad.h"), "int g( { return 1; }").unwrap();
    let of = |text: &str| {
        let path = folder.path().join("sum.c");
        fs::write(&path, text).unwrap();
        let said = said(builder(path));
        assert!(!said.contains("guest") && !said.contains("/tmp"), "{said}");
        said
    };
    assert!(of("int f(void) {\n  return y;\n}").starts_with("sum.c:2:10: error: use of undeclared identifier"));
    assert!(of("#include <missing.h>").starts_with("sum.c:1:10: fatal error: 'missing.h' file not found"));
    assert!(of("#include \"inner/bad.h\"\nint f(void) { return 1; }").contains("inner/bad.h:1:8: error"));
    assert!(of("int g(int); int f(void) { return g(1); }").contains("sum.c: undefined symbol: g"));
}

#[test]
fn i5_names_and_pragmas_are_no_options() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        "#pragma comment(lib, \"nowhere\")\n#pragma comment(linker, \"--allow-undefined\")\nint f(void) { return 5; }";
    for name in ["@args.c", "-o.c", "--sysroot=x.c", "-fplugin=x.c", "a b;c.c"] {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let mut sandbox = builder(path).build_blocking().unwrap();
        assert_eq!(sandbox.call::<_, i32>("f", ()).unwrap(), 5, "{name}");
    }
    let said = diagnostics(Language::C, "int missing(void); int f(void) { return missing(); }");
    assert!(said.contains("undefined symbol: missing"), "{said}");
}

#[test]
fn i9_i10_bombs_and_floods_end() {
    let flood: String = (0..3000).map(|n| format!("int x{n} = missing{n};\n")).collect();
    assert!(diagnostics(Language::C, &flood).len() < 64 << 10);
    assert!(diagnostics(Language::C, "#include \"source.c\"").contains("nested too deeply"));
    assert!(diagnostics(Language::C, "char all[8ULL << 30] = {1};").contains("too large"));
    let endless =
        "constexpr int f(int n) { while (true) n++; return n; } constexpr int x = f(0); int g() { return x; }";
    assert!(diagnostics(Language::Cpp, endless).contains("constexpr evaluation"));
    let doubling: String = (1..40).map(|n| format!("#define M{n} M{} M{}\n", n - 1, n - 1)).collect();
    let source = Source::code(Language::C, format!("#define M0 +1\n{doubling}int f(void) {{ return M39; }}"));
    match builder(source).build_blocking() {
        Err(SandboxError::ResourceExhausted { kind, .. }) => assert_eq!(kind, ResourceKind::CompileMemory),
        other => panic!("{:?}", other.map(|_| ())),
    }
}

#[test]
fn host_functions_are_imported_by_attribute() {
    let config = InstanceConfig::default();
    let text = "
        __attribute__((import_module(\"host\"), import_name(\"triple\"))) int triple(int x);
        int f(int x) { return triple(x) + 1; }
    ";
    let source = || builder(Source::code(Language::C, text)).config(config.clone());
    let mut sandbox = source().host_function("host", "triple", |_, (x,): (i32,)| Ok(x * 3)).build_blocking().unwrap();
    assert_eq!(sandbox.call::<_, i32>("f", 4).unwrap(), 13);
    let error = source().build_blocking().and_then(|mut sandbox| sandbox.call::<_, i32>("f", 4)).unwrap_err();
    assert!(error.to_string().contains("triple"), "{error}");
}
