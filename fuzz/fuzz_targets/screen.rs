#![no_main]
//! Any bytes, and modules that are valid by construction.

use arbitrary::Unstructured;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wasm_sandbox::fuzzing::screen(data);
    if let Ok(module) = wasm_smith::Module::new(wasm_smith::Config::default(), &mut Unstructured::new(data)) {
        wasm_sandbox::fuzzing::screen(&module.to_bytes());
    }
});
